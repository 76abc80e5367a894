// Times of settings block by block, from which the effects of switches on time are told.
#pragma once

#include <string>
#include <vector>

#include "reports/statistics/factorial.h"

namespace sameseed {

struct Comparison;

// Logarithms of ratios, block -> setting, NaN where there is none; both tables have one size.
struct SwitchTimes {
  // From a setting's own blocks against itself with switches off; exactly 0, without noise, for a
  // setting that has nothing to switch off.
  Table against_off;
  Table against_reference;
  std::vector<std::string> off;  // of each setting: its first case with switches off, or empty

  // What is known of a setting either way.
  Table known() const;
  // Whether an effect can be told from `against_off`: in each context its settings are the same
  // with switches off, and have blocks against it.
  bool has_own_blocks(const Effect& effect) const;
};

// `settings`: those compared with the reference, of `all`.
SwitchTimes switch_times(const std::vector<Comparison>& all,
                         const std::vector<const Comparison*>& settings, const std::string& timing);

}  // namespace sameseed
