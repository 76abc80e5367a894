#include "reports/terminal_report.h"

#include <fmt/format.h>

#include <map>
#include <ostream>
#include <string>

namespace sameseed {
namespace {

using nlohmann::json;

// "candidate.env.ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION" -> "conv half"
std::string short_name(const std::string& axis) {
  std::string name = axis.substr(axis.find('.', axis.find('.') + 1) + 1);
  if (name == "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION") name = "conv half";
  if (name == "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION") name = "matmul half";
  return axis.starts_with("reference.") ? "reference " + name : name;
}

std::string setting_of(const json& setting) {
  std::string text;
  for (const auto& [axis, value] : setting.items()) {
    const std::string shown = value.is_null()
                                  ? (axis.find(".env.") != std::string::npos ? "unset" : "off")
                              : value.is_string() ? value.get<std::string>()
                                                  : value.dump();
    text += (text.empty() ? "" : ", ") + short_name(axis) + " " + shown;
  }
  return text.empty() ? "plain" : text;
}

std::string number(const json& entry, const char* metric, const char* statistic,
                   const char* format) {
  const json found = entry.at("quality").value(metric, json::object());
  if (found.contains(statistic) && found.at(statistic).is_number())
    return fmt::format(fmt::runtime(format), found.at(statistic).get<double>());
  return found.value("nonfinite", json::object()).value(statistic, "-");
}

std::string engaged(const json& entry) {
  std::string worst = "yes";
  for (const auto& [axis, proof] : entry.at("engagement").items()) {
    const std::string verdict = proof.value("verdict", "engaged");
    if (verdict == "not engaged") return "NO";
    if (verdict == "inert") worst = "inert";
  }
  return entry.at("engagement").empty() ? "-" : worst;
}

void print_row(const json& entry, const std::string& title, std::ostream& out) {
  const json total = entry.at("speed").value("total_ms", json::object());
  const json ratio = total.value("ratio", json());
  out << fmt::format(
      "  {:<21}{:>9}{:>9}{:>9}{:>10}{:>9}   {}\n", title,
      number(entry, "psnr.rgb", "mean", "{:.2f}"), number(entry, "ssim.gaussian", "mean", "{:.4f}"),
      number(entry, "lpips.alex", "mean", "{:.4f}"),
      number(entry, "latents.relative_l2", "mean", "{:.1e}"),
      ratio.is_number() ? fmt::format("{:.2f}", ratio.get<double>()) : "-",
      entry.at("status") == "ok" ? engaged(entry) : entry.at("status").get<std::string>());
}

}  // namespace

void print_report(const json& report, std::ostream& out) {
  out << fmt::format(
      "\n{}: scores are means over the pairs, time is candidate / other in A B B A blocks\n\n",
      report.at("name").get<std::string>());
  out << fmt::format("  {:<21}{:>9}{:>9}{:>9}{:>10}{:>9}   {}\n", "setting", "PSNR dB", "SSIM",
                     "LPIPS", "latents", "time", "engaged");
  std::string last;
  for (const json& comparison : report.at("comparisons")) {
    const std::string setting = setting_of(comparison.at("setting"));
    if (setting != last) out << setting << "\n";
    last = setting;
    print_row(comparison,
              comparison.at("against") == "reference" ? "  to the reference" : "  to switches off",
              out);
    if (comparison.at("status") != "ok")
      out << "      " << comparison.at("reason").get<std::string>() << "\n";
  }
  if (!report.at("excluded").empty()) {
    std::map<std::string, int> reasons;
    for (const json& one : report.at("excluded")) ++reasons[one.at("because").get<std::string>()];
    out << "\n";
    for (const auto& [because, count] : reasons)
      out << fmt::format("excluded: {} combinations: {}\n", count, because);
  }
  for (const json& failure : report.at("failures"))
    out << fmt::format("{}: {}: {}\n  repeat: {}\n", failure.at("kind").get<std::string>(),
                       failure.at("case").get<std::string>(),
                       failure.at("error").get<std::string>(),
                       failure.at("repeat").get<std::string>());
  out << "\n";
}

}  // namespace sameseed
