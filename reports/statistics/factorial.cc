#include "reports/statistics/factorial.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sameseed {
namespace {

bool has(const std::vector<AxisValue>& values, const AxisValue& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// What the value of a switch is called when it is off; of other axes the first value stands for it.
AxisValue off_value(const std::string& axis, const std::vector<AxisValue>& values) {
  std::vector<AxisValue> off;
  if (axis.find(".env.ONEFLOW_") != std::string::npos)
    off = {"0"};
  else if (axis == "candidate.request.deepcache" || axis == "candidate.request.enhance")
    off = {nullptr};
  else if (axis.ends_with(".load.linear"))
    off = {nullptr, "fp16"};
  else if (axis.ends_with(".load.fp8_fast_accumulation") ||
           axis.ends_with(".load.fp16_accumulation"))
    off = {nullptr, 0};
  for (const AxisValue& value : off)
    if (has(values, value)) return value;
  return values.at(0);
}

Effect effect_of(const std::vector<const SweepSwitch*>& own, const Setting& levels,
                 const std::map<Setting, std::size_t>& index) {
  Effect effect{.levels = levels};
  for (const SweepSwitch* own_switch : own) effect.off[own_switch->axis] = own_switch->off;
  std::map<Setting, std::size_t> contexts;  // the other axes' values -> its number
  for (const auto& [setting, number] : index) {
    Setting context = setting;
    for (const SweepSwitch* own_switch : own) context.erase(own_switch->axis);
    contexts.emplace(context, contexts.size());
  }
  for (const auto& [context, number] : contexts) {
    Contrast contrast;
    for (std::size_t corner = 0; corner < (std::size_t{1} << own.size()); ++corner) {
      Setting setting = context;
      double sign = 1;
      for (std::size_t i = 0; i < own.size(); ++i) {
        const bool on = (corner >> i & 1) != 0;
        setting[own[i]->axis] = on ? levels.at(own[i]->axis) : own[i]->off;
        if (!on) sign = -sign;
      }
      if (const auto found = index.find(setting); found != index.end())
        contrast.emplace_back(found->second, sign);
    }
    if (contrast.size() < std::size_t{1} << own.size()) continue;
    effect.contrasts.push_back(std::move(contrast));
    effect.contexts.push_back(number);
  }
  return effect;
}

double value_of(const Contrast& contrast, const std::vector<double>& values) {
  double sum = 0, size = 0;
  for (const auto& [setting, sign] : contrast) {
    sum += sign * values.at(setting);
    size += std::abs(values.at(setting));
  }
  // Differences of equal numbers in another order leave some 1e-16 of them.
  constexpr double kRounding = 1e-13;
  return std::abs(sum) <= kRounding * size ? 0 : sum;
}

double value_of(const Effect& effect, const std::vector<double>& values) {
  if (effect.contrasts.empty()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const Contrast& contrast : effect.contrasts) sum += value_of(contrast, values);
  return sum / static_cast<double>(effect.contrasts.size());
}

// The residuals of two blocks are each other's negative, and no two observations: taking their mean
// out gave 92 % instead of 95 %.
constexpr double kFewestToCentre = 3;

// Blocks of different contexts are observations of their own. Where a context has enough of them,
// its own mean is taken out of the spread: that settings differ is no noise.
void centre_contexts(std::vector<double>& row, std::size_t blocks) {
  double sum = 0;
  std::size_t n = 0;
  for (const double value : row)
    if (!std::isnan(value)) {
      sum += value;
      ++n;
    }
  for (std::size_t first = 0; first < row.size(); first += blocks) {
    double own = 0, count = 0;
    for (std::size_t i = first; i < first + blocks; ++i)
      if (!std::isnan(row[i])) {
        own += row[i];
        ++count;
      }
    if (count < kFewestToCentre) continue;
    for (std::size_t i = first; i < first + blocks; ++i)
      row[i] =
          sum / static_cast<double>(n) + (row[i] - own / count) * std::sqrt(count / (count - 1));
  }
}

}  // namespace

SwitchedOn switched_on(const Setting& setting, const std::vector<SweepSwitch>& switches) {
  SwitchedOn parts{.on = {}, .rest = setting};
  for (const SweepSwitch& own : switches)
    if (const auto level = parts.rest.find(own.axis); level != parts.rest.end()) {
      if (level->second != own.off) parts.on[own.axis] = level->second;
      parts.rest.erase(level);
    }
  return parts;
}

std::vector<SweepSwitch> switches_of(const std::vector<SweepAxis>& axes) {
  std::vector<SweepSwitch> switches;
  for (const SweepAxis& axis : axes) {
    if (!axis.name.starts_with("candidate.") || axis.values.size() < 2) continue;
    SweepSwitch found{.axis = axis.name, .off = off_value(axis.name, axis.values), .levels = {}};
    for (const AxisValue& value : axis.values)
      if (value != found.off) found.levels.push_back(value);
    switches.push_back(std::move(found));
  }
  return switches;
}

std::vector<Effect> effects_of(const std::vector<SweepSwitch>& switches, const Settings& settings) {
  std::map<Setting, std::size_t> index;
  for (std::size_t i = 0; i < settings.size(); ++i)
    if (settings[i]) index.emplace(*settings[i], i);
  std::vector<Effect> effects;
  for (const SweepSwitch& main : switches)
    for (const AxisValue& level : main.levels)
      effects.push_back(effect_of({&main}, {{main.axis, level}}, index));
  for (std::size_t i = 0; i < switches.size(); ++i)
    for (std::size_t j = i + 1; j < switches.size(); ++j)
      for (const AxisValue& a : switches[i].levels)
        for (const AxisValue& b : switches[j].levels)
          effects.push_back(effect_of({&switches[i], &switches[j]},
                                      {{switches[i].axis, a}, {switches[j].axis, b}}, index));
  return effects;
}

std::map<std::string, std::vector<AxisValue>> confounded_with(const Effect& effect,
                                                              const Settings& settings) {
  std::map<std::string, std::vector<AxisValue>> only;
  if (effect.contrasts.empty()) return only;
  const auto add = [](std::vector<AxisValue>& list, const AxisValue& value) {
    if (!has(list, value)) list.push_back(value);
  };
  for (const auto& [axis, first] : settings.at(effect.contrasts.front().front().first).value()) {
    if (effect.levels.contains(axis)) continue;
    std::vector<AxisValue> seen, made;
    for (const Contrast& contrast : effect.contrasts)
      add(seen, settings.at(contrast.front().first)->at(axis));
    for (const auto& setting : settings)
      if (setting) add(made, setting->at(axis));
    if (seen.size() < made.size()) only[axis] = seen;
  }
  return only;
}

Table rows_over_pairs(const std::vector<Effect>& effects, const Table& losses) {
  Table rows;
  for (const Effect& effect : effects) {
    rows.emplace_back();
    for (const auto& of_pair : losses) rows.back().push_back(value_of(effect, of_pair));
  }
  return rows;
}

Table rows_over_blocks(const std::vector<Effect>& effects, const Table& logarithms) {
  // Rows of one length, with a stretch for each context of whatever switches.
  using Key = std::pair<std::vector<std::string>, std::size_t>;
  std::map<Key, std::size_t> stretches;
  const auto stretch = [&](const Effect& effect, std::size_t contrast) {
    Key key{{}, effect.contexts[contrast]};
    for (const auto& [axis, value] : effect.off) key.first.push_back(axis);
    return stretches.emplace(std::move(key), stretches.size()).first->second;
  };
  for (const Effect& effect : effects)
    for (std::size_t i = 0; i < effect.contrasts.size(); ++i) stretch(effect, i);
  const std::size_t blocks = logarithms.size();
  Table rows;
  for (const Effect& effect : effects) {
    std::vector<double> row(stretches.size() * blocks, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t i = 0; i < effect.contrasts.size(); ++i)
      for (std::size_t block = 0; block < blocks; ++block)
        row[stretch(effect, i) * blocks + block] = value_of(effect.contrasts[i], logarithms[block]);
    centre_contexts(row, blocks);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace sameseed
