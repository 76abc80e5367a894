// Which kinds of damage the scores of a pair tell of.
#pragma once

#include <string>
#include <vector>

#include "reports/summary/damage.h"

namespace sameseed {

// By the rules of damage.h, the first explains most; empty where the scores lack a value that the
// rules need.
std::vector<std::string> damage_kinds(const DamageEvidence& scores);

// Of an older scorer: how the picture's bands agree, and whether it has blocks, was not measured.
bool scored_before_bands(const DamageEvidence& scores);

}  // namespace sameseed
