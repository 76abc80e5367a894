// A setting to take home: the fastest one whose quality holds with confidence, and that is shown to
// be faster than the reference.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/summary/summary.h"

namespace sameseed {

// "lpips.alex.worst5=0.1": a metric's statistic and what it may be.
struct QualityBound {
  std::string metric, statistic;  // "mean" or "worst5"
  double value = 0;
  bool at_most = true;  // or at least
};

// Throws UserError where the text is none, or names a statistic that no interval bounds.
QualityBound parse_quality_bound(const std::string& text, bool at_most);

// A setting that was compared with the reference, and whether it may be taken.
struct Recommendable {
  Setting setting;
  std::size_t blocks = 0;                    // valid ones
  double ratio = 0;                          // time, candidate / reference; 0: of too few blocks
  std::optional<Interval> interval;          // of `ratio`, for all settings together
  std::optional<AgainstItself> itself = {};  // of the total
  double ms = 0;                             // mean of the candidate's total; 0: of too few blocks
  bool holds = false;                        // every bound, with confidence
  bool seems_to_hold = false;                // every bound, by what was measured
  std::vector<std::string> reasons;  // a line a bound: what was measured, and its upper bound
  // Why it could not be judged: 7 a pair failed, is missing or was refused by the scorer, 5 nothing
  // was scored; 0 it was judged, or is unsupported.
  int unjudged = 0;

  bool is_faster() const { return interval && interval->high < 1; }
};

// All of them, fastest first, those of too few blocks last. Confidence is 95 % for all settings and
// bounds together: of means by paired_bootstrap.h over the prompts (their seeds averaged), of
// worst5 by tail_bound.h; and 95 % for the times of all settings together, so that it still holds
// for the one that is chosen: the geometric mean of the blocks' ratios, by paired_bootstrap.h.
// Where models are an axis, ratios are to references that take different times: fastest is then who
// takes the fewest milliseconds.
// Throws UserError for a metric that the run does not have, or that is better the other way round.
std::vector<Recommendable> recommendable(const Summary& summary,
                                         const std::vector<QualityBound>& bounds);

struct Recommendation {
  std::string environment_file;  // to source; where no setting holds, comments only
  // 0; 2: no setting holds; 5: some seem to, without confidence, or hold, and none of these is
  // shown to be faster than the reference, or were not scored; 7: none holds of those that have all
  // their pairs.
  int code = 0;
};

// `command`: how it was asked for, one line.
Recommendation recommend(const std::vector<Recommendable>& fastest_first,
                         const std::string& command);

}  // namespace sameseed
