// A gate file that states its sample size is judged on as many prompts, so that nobody adds prompts
// until it is green.
#pragma once

#include <cstddef>

#include "reports/summary/summary.h"

namespace sameseed {

// The first `count` different prompts of a comparison's pairs, or all if it has fewer.
std::vector<ScoredPair> pairs_of_first_prompts(const std::vector<ScoredPair>& pairs,
                                               std::size_t count);

// Different prompts among them, as observations.
std::size_t prompts_in(const std::vector<ScoredPair>& pairs);

// The summary as it is of the first `count` prompts of every comparison: their pairs, the
// statistics of their scores, and the readings beside noise floors.
Summary of_first_prompts(Summary summary, std::size_t count);

}  // namespace sameseed
