// What two rows differ by that ought to be equal, and which scores lie inside it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/run/run_index.h"

namespace sameseed {

class NoiseFloor {
 public:
  // Scores the plan's floor rows: each arm, switches off, against itself made another way.
  explicit NoiseFloor(const RunIndex& run);

  // The plan's floor rows that share a case with a comparison of the plan.
  std::vector<const nlohmann::json*> rows_beside(const nlohmann::json& comparison) const;

  // For report.json: {measured, rows: [{id, arm, kind, pairs, cases, threads?, quality:
  // {METRIC: {unit, n, mean, worst, bound}}}]} in loss units (loss.h), or {measured: false,
  // reason}. `cases` as in pair_entry.h.
  nlohmann::json summary() const;

  // Sets each metric's `noise_floor` ({"ARM, KIND": {row, unit, mean, worst, bound}} of the rows
  // that share a case with the comparison, null without any) and its `reading`: "deterministic"
  // every floor is exactly 0: any difference is real "no difference shown"   the interval of the
  // mean loss reaches down into the largest floor "beyond the floor"      it does not A floor's
  // bound is the upper end of the interval of its mean, with one pair the mean itself.
  void hold(const nlohmann::json& comparison, nlohmann::json& quality) const;

 private:
  struct Row {
    const nlohmann::json* planned;
    nlohmann::json entry;
  };
  std::vector<const Row*> beside(const nlohmann::json& comparison) const;

  const RunIndex& run_;
  std::vector<Row> rows_;
};

}  // namespace sameseed
