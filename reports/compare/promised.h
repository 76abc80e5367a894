// What two runs promise to compare, and what of it is not there.
#pragma once

#include <string>
#include <vector>

#include "reports/compare/compare_rows.h"

namespace sameseed {

struct Shortfall {
  // 8: a switch did not act, so that its setting's numbers are another one's; 7: something that
  // both plans promise was not made; 6: it was made from something else; 5: it was not measured; 0:
  // only one plan promises it.
  int code = 0;
  std::string text;
};

// Samples of both runs that one start of the program made: a run against itself or a copy of it, or
// two that were merged from the same shard: code 6.
std::vector<Shortfall> same_samples(const RunIndex& a, const RunIndex& b);

// Pictures of one prompt and seed that were made from other noise or other tokens in B, or of which
// a run does not say from which: code 6.
std::vector<Shortfall> other_inputs(const RunIndex& a, const RunIndex& b);

// Metrics that another version of a library computed in B, where both runs tell: code 6. What is
// under test may not be in what measures it.
std::vector<Shortfall> other_scorers(const RunIndex& a, const RunIndex& b);

// Pictures, scores and blocks that are missing in either run, metrics that cannot be compared, and
// comparisons of one plan only.
std::vector<Shortfall> shortfalls(const RunIndex& a, const RunIndex& b);

}  // namespace sameseed
