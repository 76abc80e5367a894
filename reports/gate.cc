#include "reports/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "io/json_schema.h"
#include "io/nearest.h"
#include "reports/labels.h"
#include "reports/schema/gate.schema.h"
#include "reports/speed.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::optional<double> optional_number(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  return found->get<double>();
}

Gate gate_of(const json& one) {
  Gate gate;
  gate.is_timing = one.contains("timing");
  gate.name = one.at(gate.is_timing ? "timing" : "metric");
  gate.statistic = one.at("statistic");
  gate.at_most = optional_number(one, "at_most");
  gate.at_least = optional_number(one, "at_least");
  gate.against = one.value("against", gate.against);
  gate.where = one.value("where", gate.where);
  gate.because = one.value("because", "");
  gate.min_pairs = one.value("min_pairs", gate.min_pairs);
  return gate;
}

bool fits(const Gate& gate, const json& setting) {
  for (const auto& [axis, value] : gate.where.items())
    if (!setting.contains(axis) || setting.at(axis) != value) return false;
  return true;
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& known) {
  return known.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest(name, known));
}

// Why the gate's metric or timing is none of the report's; empty where it is.
std::string wrong_name(const Gate& gate, const json& report) {
  std::vector<std::string> known = timing_names();
  if (!gate.is_timing) {
    known.clear();
    for (const json& metric : report.at("metrics")) known.push_back(metric.at("name"));
    if (!report.at("scored").get<bool>()) return "";
  }
  if (std::find(known.begin(), known.end(), gate.name) != known.end()) return "";
  return fmt::format("there is no {} \"{}\"{}", gate.is_timing ? "timing" : "metric", gate.name,
                     did_you_mean(gate.name, known));
}

// Why `where` cannot fit any combination of the axes' values; empty where it can.
std::string wrong_place(const Gate& gate, const json& report) {
  std::vector<std::string> known;
  for (const json& axis : report.at("axes")) known.push_back(axis.at("name"));
  for (const auto& [name, value] : gate.where.items()) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end())
      return fmt::format("where: there is no axis \"{}\"{}", name, did_you_mean(name, known));
    const json& values =
        report.at("axes").at(static_cast<std::size_t>(found - known.begin())).at("values");
    if (std::find(values.begin(), values.end(), value) == values.end())
      return fmt::format("where: {} is no value of {}, which has {}", value.dump(), name,
                         values.dump());
  }
  return "";
}

bool fits_excluded(const Gate& gate, const json& report) {
  return std::any_of(report.at("excluded").begin(), report.at("excluded").end(),
                     [&](const json& one) { return fits(gate, one.at("setting")); });
}

// The statistic; may be infinite. Nothing where there is none.
std::optional<double> value_of(const json& entry, const std::string& statistic) {
  const auto found = entry.find(statistic);
  if (found != entry.end() && found->is_number()) return found->get<double>();
  const std::string word = entry.value("nonfinite", json::object()).value(statistic, "");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (word == "+inf") return kInfinity;
  if (word == "-inf") return -kInfinity;
  return std::nullopt;
}

// Judges one gate; collects what it finds.
class Judge {
 public:
  Judge(const Gate& gate, int number, const json& report)
      : gate_(gate), number_(number), report_(report) {}

  Judgement judge() {
    const std::string name = wrong_name(gate_, report_), place = wrong_place(gate_, report_);
    if (!name.empty()) add("usage", 1, name, nullptr);
    if (!place.empty()) add("usage", 1, place, nullptr);
    if (!name.empty() || !place.empty()) return found_;
    int fitting = 0;
    for (const json& comparison : report_.at("comparisons"))
      if (comparison.at("against") == gate_.against && fits(gate_, comparison.at("setting"))) {
        ++fitting;
        judge(comparison);
      }
    if (fitting == 0 && !fits_excluded(gate_, report_))
      add("usage", 1,
          fmt::format("no setting that fits `where` {} is compared against {}", gate_.where.dump(),
                      gate_.against),
          nullptr);
    else if (fitting == found_.unsupported)
      add("inconclusive", 5,
          "nothing was judged: every setting it names is excluded or unsupported", nullptr);
    return found_;
  }

 private:
  void add(const char* kind, int code, const std::string& text, const json* comparison) {
    json cause = {{"kind", kind}, {"code", code}, {"gate", number_}};
    std::string where;
    if (comparison) {
      cause["comparison"] = comparison->at("id");
      where = fmt::format("{} against {}: ", setting_label(comparison->at("setting")),
                          against_label(*comparison));
    }
    cause["text"] = fmt::format("gates[{}] ({}): {}{}", number_, gate_label(gate_), where, text);
    found_.causes.push_back(std::move(cause));
  }

  void judge(const json& comparison) {
    if (comparison.at("status") == "unsupported") {
      ++found_.unsupported;
      return;
    }
    // Its times are worth nothing; the verdict says why.
    if (gate_.is_timing &&
        (!comparison.at("invalid").empty() || !report_.at("cohort").at("differs").empty()))
      return;
    const json& entries = comparison.at(gate_.is_timing ? "speed" : "quality");
    const json entry = entries.value(gate_.name, json::object());
    const int count = entry.value(gate_.is_timing ? "blocks" : "n", 0);
    const std::optional<double> value = value_of(entry, gate_.statistic);
    // What was not made or not scored is a cause of its own.
    if (!value && (comparison.at("status") != "ok" || !report_.at("scored").get<bool>())) return;
    if (entry.contains("unavailable"))
      return add("inconclusive", 5, entry.at("unavailable"), &comparison);
    if (!value || count < std::max(1, gate_.min_pairs))
      return too_few(comparison, count, std::max(1, gate_.min_pairs));
    ++found_.judged;
    const std::size_t before = found_.causes.size();
    if (gate_.at_most && !(*value <= *gate_.at_most))
      fail(comparison, entry, fmt::format("{:.6g} is more than {:.6g}", *value, *gate_.at_most));
    if (gate_.at_least && !(*value >= *gate_.at_least))
      fail(comparison, entry, fmt::format("{:.6g} is less than {:.6g}", *value, *gate_.at_least));
    if (found_.causes.size() > before) return;
    // Some pairs may break a gate; it takes all of them to pass it. Where samples failed the
    // verdict has a cause already.
    const int pairs = static_cast<int>(comparison.at("cases").size());
    if (!gate_.is_timing && comparison.at("status") == "ok" && count < pairs)
      return too_few(comparison, count, pairs);
    ++found_.passed;
  }

  void too_few(const json& comparison, int count, int needed) {
    add("inconclusive", 5,
        fmt::format("{} {} have it, at least {} are needed", count,
                    gate_.is_timing ? "whole blocks" : "pairs", needed),
        &comparison);
  }

  void fail(const json& comparison, const json& entry, std::string text) {
    if (!gate_.is_timing) text += "; worst case " + entry.value("worst_case", "?");
    if (!gate_.because.empty()) text += "; " + gate_.because;
    add(gate_.is_timing ? "performance" : "quality", gate_.is_timing ? 3 : 2, text, &comparison);
  }

  const Gate& gate_;
  int number_;
  const json& report_;
  Judgement found_;
};

}  // namespace

std::vector<Gate> read_gates(const std::filesystem::path& file) {
  return parse_gates(read_file(file), file.string());
}

std::vector<Gate> parse_gates(std::string_view text, const std::string& file) {
  const json content = parse_json(text, file);
  check_json(content, kGateSchema, file);
  std::vector<Gate> gates;
  for (const json& one : content.at("gates")) {
    gates.push_back(gate_of(one));
    if (gates.back().statistic == "ratio" && !gates.back().is_timing)
      throw UserError(fmt::format(
          "{}: gates[{}].statistic: \"ratio\" is for timings only; metrics have \"mean\", "
          "\"median\", \"worst5\" and \"worst\"",
          file, gates.size() - 1));
  }
  return gates;
}

Judgement judge(const Gate& gate, int number, const json& report) {
  return Judge(gate, number, report).judge();
}

std::string gate_label(const Gate& gate) {
  std::string text = gate.name + " " + gate.statistic;
  if (gate.at_most) text += fmt::format(" at most {:.6g}", *gate.at_most);
  if (gate.at_least)
    text += fmt::format("{} at least {:.6g}", gate.at_most ? " and" : "", *gate.at_least);
  return text;
}

}  // namespace sameseed
