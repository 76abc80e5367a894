#include "reports/summary/noise_floor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "reports/run/loss_table.h"
#include "reports/statistics/mean_test.h"
#include "reports/statistics/paired_bootstrap.h"
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
        losses.push_back({metric.loss(*value), pair.planned.candidate, pair.planned.observation()});
  return summarize(std::move(losses), {.name = metric.name});
}

std::optional<double> bound_of(const Statistics& losses) {
  if (losses.n() > 0 && losses.worst == 0) return 0;
  if (losses.mean.interval && std::isfinite(losses.mean.interval->high))
    return losses.mean.interval->high;
  return std::nullopt;
}

// Each pair's loss in this floor.
std::map<PairKey, double> losses_by_pair(const ReportMetric& metric,
                                         const std::vector<ScoredPair>& pairs) {
  std::map<PairKey, double> losses;
  for (const ScoredPair& scored : pairs)
    if (const auto value = scored.value(metric.name))
      losses[{scored.pair.prompt, scored.pair.seed}] = metric.loss(*value);
  return losses;
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
          .bound = bound_of(losses)};
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

// Two rows of one arm and kind are told apart by what all settings beside one of them have in
// common.
void set_what_rows_are_of(const RunIndex& run, std::vector<FloorRow>& rows) {
  std::vector<std::optional<Setting>> common(rows.size());
  for (const MadeComparison& comparison : run.comparisons())
    for (const std::size_t i : comparison.floor_rows) {
      if (!common[i]) common[i] = comparison.planned->setting;
      std::erase_if(*common[i], [&](const auto& axis) {
        const auto own = comparison.planned->setting.find(axis.first);
        return own == comparison.planned->setting.end() || own->second != axis.second;
      });
    }
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t other = 0; common[i] && other < rows.size(); ++other) {
      if (rows[other].arm != rows[i].arm || rows[other].kind != rows[i].kind || !common[other])
        continue;
      for (const auto& [axis, value] : *common[i])
        if (const auto theirs = common[other]->find(axis);
            theirs != common[other]->end() && theirs->second != value)
          rows[i].of[axis] = value;
    }
}

}  // namespace

std::vector<FloorRow> floor_rows(const RunIndex& run) {
  std::vector<FloorRow> rows;
  for (const MadeFloorRow& made : run.floor()) rows.push_back(floor_row(made, run.metrics()));
  set_what_rows_are_of(run, rows);
  return rows;
}

std::vector<double> above_floor(const ReportMetric& metric, const std::vector<ScoredPair>& pairs,
                                const FloorRow& floor, double times) {
  const std::map<PairKey, double> losses = losses_by_pair(metric, floor.cases);
  std::map<PairKey, double> differences;
  for (const ScoredPair& scored : pairs) {
    const auto value = scored.value(metric.name);
    const auto own = losses.find({scored.pair.prompt, scored.pair.seed});
    if (value && own != losses.end())
      differences[key_of(scored.pair)] = metric.loss(*value) - times * own->second;
  }
  return means_of_prompts(differences);
}

std::string floor_reading(const std::vector<ScoredPair>& pairs,
                          const std::vector<const FloorRow*>& floors, const ReportMetric& metric) {
  bool all_zero = true, too_few = false, beyond = true;
  for (const FloorRow* row : floors) {
    for (const auto& [pair, loss] : losses_by_pair(metric, row->cases))
      all_zero = all_zero && loss == 0;
    const std::vector<double> differences = above_floor(metric, pairs, *row);
    too_few = too_few || differences.size() < kFewestObservations;
    beyond = beyond &&
             std::ranges::all_of(differences, [](double one) { return std::isfinite(one); }) &&
             test_mean(differences, 0, {.alpha = kFloorAlpha}).p_above <= kFloorAlpha;
  }
  if (all_zero) return "deterministic";
  if (too_few) return "too few";
  return beyond ? "beyond the floor" : "no difference shown";
}

void set_floors_beside(const MadeComparison& comparison, const std::vector<FloorRow>& rows,
                       const std::vector<ReportMetric>& metrics,
                       std::map<std::string, Quality>& quality) {
  if (comparison.floor_rows.empty()) return;
  const std::vector<ScoredPair> pairs = scored_pairs(comparison.pairs);
  for (const ReportMetric& metric : metrics) {
    Quality& entry = quality.at(metric.name);
    if (entry.statistics.n() == 0) continue;
    std::vector<const FloorRow*> beside;
    for (const std::size_t i : comparison.floor_rows) {
      const FloorRow& row = rows[i];
      const auto losses = row.quality.find(metric.name);
      if (losses == row.quality.end() || losses->second.n == 0) continue;
      beside.push_back(&row);
      entry.floors[fmt::format("{}, {}", row.arm, row.kind)] = {.row = row.id,
                                                                .unit = losses->second.unit,
                                                                .mean = losses->second.mean,
                                                                .worst = losses->second.worst,
                                                                .bound = losses->second.bound};
    }
    if (!beside.empty()) entry.reading = floor_reading(pairs, beside, metric);
  }
}

}  // namespace sameseed
