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
Statistics losses_of(const ReportMetric& metric, const std::vector<Pair>& pairs,
                     const RunIndex& run) {
  std::vector<Scored> losses;
  for (const Pair& pair : pairs)
    if (const auto value = run.score(pair.candidate, pair.reference, metric.name))
      losses.push_back({metric.loss(*value), pair.candidate, pair.prompt});
  return summarize(std::move(losses), {.name = metric.name});
}

// One end of the interval of the mean, or the mean where there is no interval; nothing where
// neither is finite.
std::optional<double> end_of(const Estimate& mean, double Interval::*end) {
  if (mean.interval && std::isfinite((*mean.interval).*end)) return (*mean.interval).*end;
  if (mean.n > 0 && std::isfinite(mean.value)) return mean.value;
  return std::nullopt;
}

// What the worker of a case read at load: "threads", or a variable; null where it does not say.
AxisValue effective(const std::string& case_id, const char* field, const RunIndex& run) {
  const WorkerRecord* worker = run.newest_worker(run.case_of(case_id)->environment);
  if (!worker || !worker->load.is_object()) return nullptr;
  const auto read = worker->load.find("effective");
  return read != worker->load.end() && read->is_object() ? read->value(field, AxisValue())
                                                         : AxisValue();
}

// Why a row shows nothing, though its pictures are there: what it varies did not vary here.
std::string unmeasured(const PlannedFloorRow& row, const RunIndex& run) {
  const Pair& pair = row.pairs.front();
  if (row.kind == "other thread count") {
    const AxisValue threads = effective(pair.reference, "threads", run);
    if (!threads.is_null() && threads == effective(pair.candidate, "threads", run))
      return fmt::format("both were made with {} threads: nothing is measured", threads.dump());
  }
  if (row.kind == "cuDNN v8 and v7") {
    const AxisValue read = effective(pair.candidate, "TORCH_CUDNN_V8_API_DISABLED", run);
    if (read.is_object() && read.value("acts", true) == false)
      return read.value("reason", "the switch does not act here") + ": nothing is measured";
  }
  return "";
}

FloorLosses floor_losses(const ReportMetric& metric, const std::vector<Pair>& pairs,
                         const RunIndex& run) {
  const Statistics losses = losses_of(metric, pairs, run);
  return {.unit = metric.loss_unit(),
          .n = losses.n(),
          .mean = losses.mean.value,
          .worst = losses.worst,
          .bound = end_of(losses.mean, &Interval::high)};
}

FloorRow floor_row(const PlannedFloorRow& planned, const RunIndex& run) {
  FloorRow row{.id = planned.id,
               .arm = planned.arm,
               .kind = planned.kind,
               .pairs = planned.pairs.size(),
               .cases = scored_pairs(planned.pairs, run),
               .threads = {},
               .reason = unmeasured(planned, run),
               .quality = {}};
  for (ScoredPair& pair : row.cases) pair.repeat.clear();
  const Pair& first = planned.pairs.front();
  if (planned.kind == "other thread count")
    row.threads = {effective(first.reference, "threads", run),
                   effective(first.candidate, "threads", run)};
  if (!row.reason.empty()) return row;
  for (const ReportMetric& metric : run.metrics())
    if (metric.available())
      row.quality.emplace(metric.name, floor_losses(metric, planned.pairs, run));
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

NoiseFloor::NoiseFloor(const RunIndex& run) : run_(run) {
  if (!run.plan().floor) return;
  for (const PlannedFloorRow& row : *run.plan().floor) rows_.push_back(floor_row(row, run));
}

std::vector<std::size_t> NoiseFloor::beside(const PlannedComparison& comparison) const {
  std::vector<std::size_t> list;
  const Pair& first = comparison.pairs.front();
  const std::string off = run_.switches_off(first.candidate);
  const std::string ours[] = {first.reference, off.empty() ? first.candidate : off};
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Pair& pair = (*run_.plan().floor)[i].pairs.front();
    if (std::ranges::any_of(ours, [&](const std::string& case_id) {
          return pair.reference == case_id || pair.candidate == case_id;
        }))
      list.push_back(i);
  }
  return list;
}

std::vector<const PlannedFloorRow*> NoiseFloor::rows_beside(
    const PlannedComparison& comparison) const {
  std::vector<const PlannedFloorRow*> list;
  for (const std::size_t i : beside(comparison)) list.push_back(&(*run_.plan().floor)[i]);
  return list;
}

FloorSummary NoiseFloor::summary() const { return {.measured = !rows_.empty(), .rows = rows_}; }

void NoiseFloor::set_beside(const PlannedComparison& comparison,
                            std::map<std::string, Quality>& quality) const {
  const std::vector<std::size_t> rows = beside(comparison);
  if (rows.empty()) return;
  for (const ReportMetric& metric : run_.metrics()) {
    Quality& entry = quality.at(metric.name);
    if (entry.statistics.n() == 0) continue;
    for (const std::size_t i : rows) {
      const FloorRow& row = rows_[i];
      const auto losses = row.quality.find(metric.name);
      if (losses == row.quality.end() || losses->second.n == 0) continue;
      entry.floors[fmt::format("{}, {}", row.arm, row.kind)] = {.row = row.id,
                                                                .unit = losses->second.unit,
                                                                .mean = losses->second.mean,
                                                                .worst = losses->second.worst,
                                                                .bound = losses->second.bound};
    }
    if (!entry.floors.empty())
      entry.reading = reading_of(entry.floors, losses_of(metric, comparison.pairs, run_).mean);
  }
}

}  // namespace sameseed
