#include "reports/summary/advice.h"

#include <fmt/format.h>

#include <string>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

using nlohmann::json;

const char* const kTime = "total_ms";

struct Shown {
  std::string verdict, sentence;  // no sentence: nothing was measured
};

// What one level of a switch does against off: in quality on the headline metric, or in time.
Shown shown_in(const json& estimate, const json& headline, bool in_time) {
  const json& all = estimate.at(in_time ? "speed" : "quality");
  const auto found = all.find(in_time                ? kTime
                              : headline.is_string() ? headline.get<std::string>()
                                                     : "");
  if (found == all.end() || found->at("n") == 0) return {};
  const json& change = found->at(in_time ? "ratio" : "loss");
  if (!change.is_number()) return {};
  const std::string amount =
      in_time ? fmt::format("{:+.0f} % of the time", 100 * (change.get<double>() - 1))
              : fmt::format("{:+.3g} in {}", change.get<double>(), headline.get<std::string>());
  const std::string verdict = found->at("verdict");
  return {verdict, fmt::format("{} against {}: {} ({})", setting_label(estimate.at("levels")),
                               setting_label(estimate.at("off")), amount, verdict)};
}

const json* axis_of(const json& plan, const std::string& name) {
  for (const json& axis : plan.at("axes"))
    if (axis.at("name") == name) return &axis;
  return nullptr;
}

json judged(const std::string& name, const json& axis, const json& effects) {
  const json& advised = axis.at("values")[0];
  json entry = {
      {"axis", name}, {"value", advised}, {"answer", "not judged"}, {"shown", json::array()}};
  bool held = false, refuted = false;
  for (const json& estimate : effects.at("estimates")) {
    if (estimate.at("levels").size() != 1 || !estimate.at("levels").contains(name)) continue;
    const bool to_leave_off = estimate.at("off").at(name) == advised;
    if (!to_leave_off && estimate.at("levels").at(name) != advised) continue;
    const Shown shown = shown_in(estimate, effects.at("headline"), !to_leave_off);
    if (shown.sentence.empty()) continue;
    entry["shown"].push_back(shown.sentence);
    const bool as_said = shown.verdict == (to_leave_off ? "costs" : "buys");
    held = held || as_said;
    refuted = refuted || (!as_said && shown.verdict == (to_leave_off ? "buys" : "costs"));
  }
  if (!entry.at("shown").empty())
    entry["answer"] = refuted ? "did not hold" : held ? "held" : "not shown";
  return entry;
}

}  // namespace

json advice_entries(const json& plan, const json& effects) {
  json entries = json::array();
  const json reasons = plan.value("reasons", json::object());
  for (const auto& [name, because] : reasons.items()) {
    const json* axis = axis_of(plan, name);
    if (!axis) continue;
    json entry = judged(name, *axis, effects);
    entry["because"] = because;
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace sameseed
