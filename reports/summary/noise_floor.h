// What two rows differ by that ought to be equal, and which scores lie inside it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/run_index.h"
#include "reports/run/scored_pair.h"
#include "reports/statistics/estimate.h"

namespace sameseed {

struct Quality;

// The losses of one metric over a row's pairs.
struct FloorLosses {
  std::string unit;
  std::size_t n = 0;                 // 0: no pair has a score, and no more is known
  double mean = 0, worst = 0;        // may be infinite
  std::optional<double> bound = {};  // upper end of the interval of the mean, with one pair the
                                     // mean itself; nothing: not finite
};

// An arm, switches off, against itself made another way.
struct FloorRow {
  std::string id, arm, kind;  // as planned
  std::size_t pairs = 0;
  std::vector<ScoredPair> cases;                           // without `repeat`
  std::optional<std::pair<AxisValue, AxisValue>> threads;  // of "other thread count": of both sides
  std::string reason;                                      // why it says nothing; or empty
  std::map<std::string, FloorLosses> quality;              // by metric
};

struct FloorSummary {
  bool measured = false;
  std::vector<FloorRow> rows;
};

// The plan's floor rows, in its order.
std::vector<FloorRow> floor_rows(const RunIndex& run);

// Sets `floors` of each metric, those of `rows` (floor_rows()) that share a case with the
// comparison, and its `reading`:
// * "deterministic": every floor is exactly 0, any difference is real;
// * "no difference shown": the interval of the mean loss reaches down into the largest floor;
// * "beyond the floor": it does not.
// A floor's bound is the upper end of the interval of its mean, with one pair the mean itself.
void set_floors_beside(const MadeComparison& comparison, const std::vector<FloorRow>& rows,
                       const std::vector<ReportMetric>& metrics,
                       std::map<std::string, Quality>& quality);

}  // namespace sameseed
