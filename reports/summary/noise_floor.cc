#include "reports/summary/noise_floor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "reports/statistics/statistics.h"
#include "reports/summary/comparison.h"

namespace sameseed {
namespace {

// Statistics of the losses of one metric over pairs; n = 0 where none has a score.
Statistics losses_of(const ReportMetric& metric, const std::vector<MadePair>& pairs) {
  std::vector<Scored> losses;
  for (const MadePair& pair : pairs)
    if (const PairScores* scores = pair.scores())
      if (const auto value = scores->value(metric.name))
        losses.push_back({metric.loss(*value), pair.planned.candidate, pair.planned.prompt});
  return summarize(std::move(losses), {.name = metric.name});
}

// One end of the interval of the mean, or the mean where there is no interval; nothing where
// neither is finite.
std::optional<double> end_of(const Estimate& mean, double Interval::*end) {
  if (mean.interval && std::isfinite((*mean.interval).*end)) return (*mean.interval).*end;
  if (mean.n > 0 && std::isfinite(mean.value)) return mean.value;
  return std::nullopt;
}

// What the worker of an arm read at load: "threads", or a variable; null where it does not say.
AxisValue effective(const MadeArm& arm, const char* field) {
  const WorkerRecord* worker = arm.worker;
  if (!worker || !worker->load.is_object()) return nullptr;
  const auto read = worker->load.find("effective");
  return read != worker->load.end() && read->is_object() ? read->value(field, AxisValue())
                                                         : AxisValue();
}

// Why a row shows nothing, though its pictures are there: what it varies did not vary here.
std::string unmeasured(const MadeFloorRow& row) {
  if (row.planned->kind == "other thread count") {
    const AxisValue threads = effective(row.reference, "threads");
    if (!threads.is_null() && threads == effective(row.candidate, "threads"))
      return fmt::format("both were made with {} threads: nothing is measured", threads.dump());
  }
  if (row.planned->kind == "cuDNN v8 and v7") {
    const AxisValue read = effective(row.candidate, "TORCH_CUDNN_V8_API_DISABLED");
    if (read.is_object() && read.value("acts", true) == false)
      return read.value("reason", "the switch does not act here") + ": nothing is measured";
  }
  return "";
}

FloorLosses floor_losses(const ReportMetric& metric, const std::vector<MadePair>& pairs) {
  const Statistics losses = losses_of(metric, pairs);
  return {.unit = metric.loss_unit(),
          .n = losses.n(),
          .mean = losses.mean.value,
          .worst = losses.worst,
          .bound = end_of(losses.mean, &Interval::high)};
}

FloorRow floor_row(const MadeFloorRow& made, const std::vector<ReportMetric>& metrics) {
  const PlannedFloorRow& planned = *made.planned;
  FloorRow row{.id = planned.id,
               .arm = planned.arm,
               .kind = planned.kind,
               .pairs = planned.pairs.size(),
               .cases = {},
               .threads = {},
               .reason = unmeasured(made),
               .quality = {}};
  if (planned.kind == "other thread count")
    row.threads = {effective(made.reference, "threads"), effective(made.candidate, "threads")};
  for (const ReportMetric& metric : metrics)
    if (metric.available() && row.reason.empty())
      row.quality.emplace(metric.name, floor_losses(metric, made.pairs));
  row.cases = scored_pairs(made.pairs);
  for (ScoredPair& pair : row.cases) pair.repeat.clear();
  return row;
}

std::string reading_of(const std::map<std::string, FloorBeside>& floors, const Estimate& loss) {
  double bound = 0;
  for (const auto& [kind, floor] : floors) {
    if (!floor.bound) return "no difference shown";  // a floor without a bound
    bound = std::max(bound, *floor.bound);
  }
  if (bound == 0) return "deterministic";
  const auto low = end_of(loss, &Interval::low);
  return low && *low <= bound ? "no difference shown" : "beyond the floor";
}

}  // namespace

std::vector<FloorRow> floor_rows(const RunIndex& run) {
  std::vector<FloorRow> rows;
  for (const MadeFloorRow& made : run.floor()) rows.push_back(floor_row(made, run.metrics()));
  return rows;
}

void set_floors_beside(const MadeComparison& comparison, const std::vector<FloorRow>& rows,
                       const std::vector<ReportMetric>& metrics,
                       std::map<std::string, Quality>& quality) {
  if (comparison.floor_rows.empty()) return;
  for (const ReportMetric& metric : metrics) {
    Quality& entry = quality.at(metric.name);
    if (entry.statistics.n() == 0) continue;
    for (const std::size_t i : comparison.floor_rows) {
      const FloorRow& row = rows[i];
      const auto losses = row.quality.find(metric.name);
      if (losses == row.quality.end() || losses->second.n == 0) continue;
      entry.floors[fmt::format("{}, {}", row.arm, row.kind)] = {.row = row.id,
                                                                .unit = losses->second.unit,
                                                                .mean = losses->second.mean,
                                                                .worst = losses->second.worst,
                                                                .bound = losses->second.bound};
    }
    if (!entry.floors.empty())
      entry.reading = reading_of(entry.floors, losses_of(metric, comparison.pairs).mean);
  }
}

}  // namespace sameseed
