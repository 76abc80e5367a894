// The sentence for a kind of damage, true of every pair that it is said of.
#pragma once

#include <string>
#include <vector>

#include "reports/summary/damage.h"

namespace sameseed {

// `kinds` are those of each of `pairs`, of which there is at least one. Numbers of several pairs
// are ranges, shifts of colour the mean of their absolute values; places are named for one pair
// alone.
std::string damage_sentence(const std::vector<std::string>& kinds,
                            const std::vector<const DamageEvidence*>& pairs);

}  // namespace sameseed
