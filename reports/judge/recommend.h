// A setting to take home: the fastest one whose quality holds with confidence.
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
  double ratio = 0;                  // time, candidate / reference; 0: was not timed
  std::optional<Interval> interval;  // of `ratio`
  bool holds = false;                // every bound, with confidence
  bool seems_to_hold = false;        // every bound, by what was measured
  std::vector<std::string> reasons;  // a line a bound: what was measured, and its upper bound
};

// All of them, fastest first, those that were not timed last. Confidence is 95 % for all settings
// and bounds together: of means by paired_bootstrap.h over the pairs, of worst5 by tail_bound.h.
// Throws UserError for a metric that the run does not have, or that is better the other way round.
std::vector<Recommendable> recommendable(const Summary& summary,
                                         const std::vector<QualityBound>& bounds);

struct Recommendation {
  std::string environment_file;  // to source; where no setting holds, comments only
  int code = 0;                  // 0; 2: no setting holds; 5: some seem to, without confidence
};

// `command`: how it was asked for, one line.
Recommendation recommend(const std::vector<Recommendable>& fastest_first,
                         const std::string& command);

}  // namespace sameseed
