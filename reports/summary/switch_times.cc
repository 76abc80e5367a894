#include "reports/summary/switch_times.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "reports/summary/comparison.h"

namespace sameseed {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

void put(Table& table, std::size_t settings, std::size_t block, std::size_t setting, double value) {
  if (table.size() <= block) table.resize(block + 1, std::vector<double>(settings, kUnknown));
  table[block][setting] = value;
}

std::string first_case(const Comparison& comparison, std::string Pair::*arm) {
  return comparison.pairs.empty() ? "" : comparison.pairs.front().pair.*arm;
}

}  // namespace

Table SwitchTimes::known() const {
  Table table = against_reference;
  for (std::size_t block = 0; block < table.size(); ++block)
    for (std::size_t setting = 0; setting < off.size(); ++setting)
      if (std::isnan(table[block][setting])) table[block][setting] = against_off[block][setting];
  return table;
}

bool SwitchTimes::has_own_blocks(const Effect& effect) const {
  const auto is_timed = [&](std::size_t setting) {
    return std::ranges::any_of(
        against_off, [&](const std::vector<double>& block) { return !std::isnan(block[setting]); });
  };
  return std::ranges::all_of(effect.contrasts, [&](const Contrast& contrast) {
    const std::string& same = off[contrast.front().first];
    return !same.empty() && std::ranges::all_of(contrast, [&](const auto& part) {
      return off[part.first] == same && is_timed(part.first);
    });
  });
}

SwitchTimes switch_times(const std::vector<Comparison>& all,
                         const std::vector<const Comparison*>& settings,
                         const std::string& timing) {
  std::map<Setting, const Comparison*> against_off;
  for (const Comparison& comparison : all)
    if (!comparison.is_against_reference()) against_off[comparison.setting] = &comparison;
  SwitchTimes times;
  std::vector<std::size_t> are_off;  // settings that have nothing to switch off
  for (std::size_t i = 0; i < settings.size(); ++i) {
    for (const auto& [block, ratio] : log_ratios(settings[i]->speed.samples, timing))
      put(times.against_reference, settings.size(), block, i, ratio);
    const auto own = against_off.find(settings[i]->setting);
    if (own == against_off.end()) {
      times.off.push_back(first_case(*settings[i], &Pair::candidate));
      are_off.push_back(i);
      continue;
    }
    times.off.push_back(first_case(*own->second, &Pair::reference));
    for (const auto& [block, ratio] : log_ratios(own->second->speed.samples, timing))
      put(times.against_off, settings.size(), block, i, ratio);
  }
  const std::size_t blocks = std::max(times.against_off.size(), times.against_reference.size());
  for (Table* table : {&times.against_off, &times.against_reference})
    table->resize(blocks, std::vector<double>(settings.size(), kUnknown));
  for (const std::size_t setting : are_off)
    for (std::vector<double>& block : times.against_off) block[setting] = 0;
  return times;
}

}  // namespace sameseed
