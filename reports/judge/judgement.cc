#include "reports/judge/judgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "io/nearest.h"
#include "reports/judge/gate_interval.h"
#include "reports/judge/gate_units.h"
#include "reports/run/labels.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/summary/speed.h"

namespace sameseed {
namespace {

using nlohmann::json;

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
  Judge(const Gate& gate, int number, const json& report, const json* accepted)
      : gate_(gate), number_(number), report_(report), accepted_(accepted) {}

  Judgement judge() {
    const std::string name = wrong_name(gate_, report_), place = wrong_place(gate_, report_);
    if (!name.empty()) add("usage", 1, name, nullptr);
    if (!place.empty()) add("usage", 1, place, nullptr);
    if (!name.empty() || !place.empty()) return found_;
    for (const json& comparison : report_.at("comparisons"))
      if (comparison.at("against") == gate_.against && fits(gate_, comparison.at("setting"))) {
        found_.settings.push_back({{"comparison", comparison.at("id")},
                                   {"answer", "not judged"},
                                   {"tests", json::array()}});
        fitting_.push_back(&comparison);
      }
    if (gate_.by_interval)
      judge_intervals();
    else
      judge_values();
    conclude();
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

  void conclude() {
    if (fitting_.empty() && !fits_excluded(gate_, report_))
      add("usage", 1,
          fmt::format("no setting that fits `where` {} is compared against {}", gate_.where.dump(),
                      gate_.against),
          nullptr);
    else if (static_cast<int>(fitting_.size()) == found_.unsupported)
      add("inconclusive", 5,
          "nothing was judged: every setting it names is excluded or unsupported", nullptr);
  }

  json& answer(std::size_t place) { return found_.settings[place]["answer"]; }

  // The statistics of the gate's metric or timing.
  json entry_of(const json& comparison) const {
    return comparison.at(gate_.is_timing ? "speed" : "quality").value(gate_.name, json::object());
  }

  // Whether there is anything to judge. Where there is not the verdict says why: times of an
  // invalid environment, samples that were not made or not scored.
  bool stands(std::size_t place) {
    const json& comparison = *fitting_[place];
    if (comparison.at("status") == "unsupported") {
      ++found_.unsupported;
      answer(place) = "unsupported";
      return false;
    }
    if (gate_.is_timing &&
        (!comparison.at("invalid").empty() || !report_.at("cohort").at("differs").empty()))
      return false;
    const json entry = entry_of(comparison);
    if (!value_of(entry, gate_.statistic) &&
        (comparison.at("status") != "ok" || !report_.at("scored").get<bool>()))
      return false;
    if (!entry.contains("unavailable")) return true;
    in_doubt(place, entry.at("unavailable"));
    return false;
  }

  void in_doubt(std::size_t place, const std::string& text) {
    answer(place) = "inconclusive";
    add("inconclusive", 5, text, fitting_[place]);
  }

  void too_few(std::size_t place, std::size_t count, std::size_t needed) {
    in_doubt(place, fmt::format("{} {} have it, at least {} are needed", count,
                                gate_.is_timing ? "whole blocks" : "pairs", needed));
  }

  void fail(std::size_t place, std::string text) {
    const json& comparison = *fitting_[place];
    if (!gate_.is_timing) text += "; worst case " + entry_of(comparison).value("worst_case", "?");
    if (!gate_.because.empty()) text += "; " + gate_.because;
    add(gate_.is_timing ? "performance" : "quality", gate_.is_timing ? 3 : 2, text, &comparison);
    if (answer(place) != "fail") ++found_.failed;
    answer(place) = "fail";
  }

  // Some pairs may break a gate; it takes all of them to pass it. Where samples failed the verdict
  // has a cause already.
  void pass(std::size_t place, std::size_t count) {
    const json& comparison = *fitting_[place];
    const std::size_t pairs = comparison.at("cases").size();
    if (!gate_.is_timing && comparison.at("status") == "ok" && count < pairs)
      return too_few(place, count, pairs);
    ++found_.passed;
    answer(place) = "pass";
  }

  void judge_values() {
    for (std::size_t place = 0; place < fitting_.size(); ++place)
      if (stands(place)) judge_value(place);
    add_precision();
  }

  // What could have been shown of the mean, where the gate is on another statistic or on a number.
  void add_precision() {
    std::vector<GateUnits> units;
    for (const json* comparison : fitting_)
      units.push_back(units_of(gate_, Bound::kNone, *comparison, report_, accepted_));
    const std::vector<json> precision = precision_of(gate_, units);
    for (std::size_t place = 0; place < fitting_.size(); ++place)
      if (precision[place].is_object()) found_.settings[place]["tests"].push_back(precision[place]);
  }

  void judge_value(std::size_t place) {
    const json entry = entry_of(*fitting_[place]);
    const std::optional<double> value = value_of(entry, gate_.statistic);
    const auto count = entry.value(gate_.is_timing ? "blocks" : "n", std::size_t{0}),
               needed = static_cast<std::size_t>(std::max(1, gate_.min_pairs));
    if (!value || count < needed) return too_few(place, count, needed);
    ++found_.judged;
    if (gate_.at_most && !(*value <= *gate_.at_most))
      fail(place, fmt::format("{:.6g} is more than {:.6g}", *value, *gate_.at_most));
    if (gate_.at_least && !(*value >= *gate_.at_least))
      fail(place, fmt::format("{:.6g} is less than {:.6g}", *value, *gate_.at_least));
    if (answer(place) != "fail") pass(place, count);
  }

  void judge_intervals() {
    std::vector<std::size_t> places;
    std::vector<std::vector<GateUnits>> settings;
    for (std::size_t place = 0; place < fitting_.size(); ++place)
      if (stands(place))
        if (auto units = units_to_judge(place); !units.empty()) {
          places.push_back(place);
          settings.push_back(std::move(units));
        }
    const std::vector<IntervalAnswer> answers = judge_by_interval(gate_, settings);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      ++found_.judged;
      found_.settings[places[i]]["tests"] = answers[i].tests;
      if (answers[i].passed) pass(places[i], settings[i].front().beyond.size());
      const bool noise = answers[i].failed && within_floor(*fitting_[places[i]]);
      for (const std::string& text : answers[i].texts)
        if (noise)
          in_doubt(places[i], text +
                                  "; but the noise floor is as high: rows that ought to be equal "
                                  "are no nearer");
        else
          answers[i].failed ? fail(places[i], text) : in_doubt(places[i], text);
    }
    if (gate_.statistic != "mean" && gate_.statistic != "ratio") add_precision();
  }

  // Whether what was measured may be noise only. A bound that is the floor itself has seen to it.
  bool within_floor(const json& comparison) const {
    return !gate_.floor && entry_of(comparison).value("reading", "") == "no difference shown";
  }

  // Those of every bound; none where one of them cannot be judged.
  std::vector<GateUnits> units_to_judge(std::size_t place) {
    const auto needed = std::max(kFewestUnits, static_cast<std::size_t>(gate_.min_pairs));
    std::vector<GateUnits> list;
    for (const Bound bound : bounds_of(gate_)) {
      list.push_back(units_of(gate_, bound, *fitting_[place], report_, accepted_));
      const GateUnits& units = list.back();
      if (units.code) {
        answer(place) = "inconclusive";
        add(units.code == 1   ? "usage"
            : units.code == 6 ? "environment"
                              : "inconclusive",
            units.code, units.problem, fitting_[place]);
      } else if (units.beyond.size() < needed) {
        too_few(place, units.beyond.size(), needed);
      } else {
        continue;
      }
      return {};
    }
    return list;
  }

  const Gate& gate_;
  int number_;
  const json& report_;
  const json* accepted_;
  std::vector<const json*> fitting_;  // as in found_.settings
  Judgement found_;
};

}  // namespace

Judgement judge(const Gate& gate, int number, const json& report, const json* accepted) {
  return Judge(gate, number, report, accepted).judge();
}

const char* answer_of(const Judgement& judgement) {
  if (judgement.failed > 0) return "fail";
  const int all = static_cast<int>(judgement.settings.size()) - judgement.unsupported;
  return judgement.passed > 0 && judgement.passed == all ? "pass" : "inconclusive";
}

}  // namespace sameseed
