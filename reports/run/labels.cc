#include "reports/run/labels.h"

#include <fmt/format.h>

#include <algorithm>

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

}  // namespace

std::string value_label(const std::string& axis, const json& value) {
  if (value.is_null()) return axis.find(".env.") != std::string::npos ? "unset" : "off";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string setting_label(const json& setting) {
  std::string text;
  for (const auto& [axis, value] : setting.items()) {
    text += (text.empty() ? "" : ", ") + short_name(axis) + " " + value_label(axis, value);
  }
  return text.empty() ? "plain" : text;
}

std::string against_label(const json& comparison) {
  return comparison.at("against") == "reference" ? "reference" : "switches off";
}

std::string engaged_label(const json& comparison) {
  if (comparison.at("status") != "ok") return comparison.at("status");
  int engaged = 0, inert = 0;
  for (const auto& [axis, proof] : comparison.at("engagement").items()) {
    if (proof.at("verdict") == "not engaged") return "NO";
    ++(proof.at("verdict") == "inert" ? inert : engaged);
  }
  if (engaged + inert == 0) return "-";
  if (inert == 0) return "yes";
  return engaged == 0 ? "inert" : fmt::format("yes, {} inert", inert);
}

const std::vector<Column>& table_columns() {
  static const std::vector<Column> columns = {{"psnr.rgb", "PSNR dB", "{:.2f}"},
                                              {"ssim.gaussian", "SSIM", "{:.4f}"},
                                              {"lpips.alex", "LPIPS", "{:.4f}"},
                                              {"latents.relative_l2", "latents", "{:.1e}"}};
  return columns;
}

std::string statistic_text(const json& entry, const char* statistic, const char* format) {
  if (!entry.is_object()) return "-";
  const auto found = entry.find(statistic);
  if (found != entry.end() && found->is_number())
    return fmt::format(fmt::runtime(format), found->get<double>());
  return entry.value("nonfinite", json::object()).value(statistic, "-");
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return text;
}

std::string quoted(const std::string& word) {
  const bool plain = word.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                         "/._-+=:,@%") == std::string::npos;
  if (plain && !word.empty()) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace sameseed
