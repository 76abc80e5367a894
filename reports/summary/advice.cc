#include "reports/summary/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

const char* const kTime = "total_ms";

struct Shown {
  std::string verdict, sentence;  // no sentence: nothing was measured
};

// What one level of a switch does against off: in quality on the headline metric, or in time.
Shown shown_in(const EffectOfSwitch& effect, const std::string& headline, bool in_time) {
  const auto& all = in_time ? effect.speed : effect.quality;
  const auto found = all.find(in_time ? kTime : headline);
  if (found == all.end() || !found->second.has_value()) return {};
  const EffectOn& change = found->second;
  const std::string amount =
      in_time ? fmt::format("{:+.0f} % of the time", 100 * (change.estimate.value - 1))
              : fmt::format("{:+.3g} in {}", change.estimate.value, headline);
  return {change.verdict, fmt::format("{} against {}: {} ({})", setting_label(effect.levels),
                                      setting_label(effect.off), amount, change.verdict)};
}

Advice judged(const SweepAxis& axis, const Effects& effects) {
  const AxisValue& advised = axis.values.front();
  Advice advice{
      .axis = axis.name, .value = advised, .because = {}, .answer = "not judged", .shown = {}};
  bool held = false, refuted = false;
  for (const EffectOfSwitch& effect : effects.estimates) {
    if (effect.levels.size() != 1 || !effect.levels.contains(axis.name)) continue;
    const bool to_leave_off = effect.off.at(axis.name) == advised;
    if (!to_leave_off && effect.levels.at(axis.name) != advised) continue;
    const Shown shown = shown_in(effect, effects.headline.value_or(""), !to_leave_off);
    if (shown.sentence.empty()) continue;
    advice.shown.push_back(shown.sentence);
    const bool as_said = shown.verdict == (to_leave_off ? "costs" : "buys");
    held = held || as_said;
    refuted = refuted || (!as_said && shown.verdict == (to_leave_off ? "buys" : "costs"));
  }
  if (!advice.shown.empty()) advice.answer = refuted ? "did not hold" : held ? "held" : "not shown";
  return advice;
}

}  // namespace

std::vector<Advice> advice_of(const RunPlan& plan, const Effects& effects) {
  std::vector<Advice> list;
  for (const auto& [name, because] : plan.reasons) {
    const auto axis = std::ranges::find(plan.axes, name, &SweepAxis::name);
    if (axis == plan.axes.end()) continue;
    Advice advice = judged(*axis, effects);
    advice.because = because;
    list.push_back(std::move(advice));
  }
  return list;
}

}  // namespace sameseed
