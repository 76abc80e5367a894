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
#include "reports/statistics/report_metric.h"
#include "reports/statistics/setting.h"

namespace sameseed {

struct Quality;

// The losses of one metric over a row's pairs.
struct FloorLosses {
  std::string unit;
  std::size_t n = 0;                 // 0: no pair has a score, and no more is known
  double mean = 0, worst = 0;        // may be infinite
  std::optional<double> bound = {};  // upper end of the interval of the mean; 0 where all are
                                     // exactly 0; nothing: too few prompts, or not finite
};

// An arm, switches off, against itself made another way.
struct FloorRow {
  std::string id, arm, kind;  // as planned
  Setting of = {};  // of the settings it stands beside what other rows stand not beside: the model
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

inline constexpr double kFloorAlpha = 0.05;  // the chance of "beyond the floor" where it is not

// Whether the losses of these pairs are larger than the floors', prompt by prompt:
// * "deterministic": every floor is exactly 0, any difference is real;
// * "too few": fewer than kFewestObservations prompts have both;
// * "beyond the floor": for each floor the mean of the paired differences is shown to be above 0
//   (test_mean at kFloorAlpha, as a gate on 1 x the floor);
// * "no difference shown": it is not.
std::string floor_reading(const std::vector<ScoredPair>& pairs,
                          const std::vector<const FloorRow*>& floors, const ReportMetric& metric);

// By how much each prompt's loss is above so many times the floor's; of prompts that have both.
std::vector<double> above_floor(const ReportMetric& metric, const std::vector<ScoredPair>& pairs,
                                const FloorRow& floor, double times = 1);

// Sets `floors` of each metric, those of `rows` (floor_rows()) that share a case with the
// comparison, and its `reading`.
void set_floors_beside(const MadeComparison& comparison, const std::vector<FloorRow>& rows,
                       const std::vector<ReportMetric>& metrics,
                       std::map<std::string, Quality>& quality);

}  // namespace sameseed
