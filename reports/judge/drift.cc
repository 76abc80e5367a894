#include "reports/judge/drift.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "reports/judge/gate_observations.h"

namespace sameseed {

namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

std::optional<Drift> drift_of(const Gate& gate, const std::vector<const Comparison*>& comparisons,
                              const Summary& summary, const FirstBaseline& first) {
  std::optional<Drift> most;
  if (gate.wanted_class) return most;
  Gate from_first = gate;  // as if it were on no more than the first baseline
  from_first.baseline_margin = 0;
  for (const Comparison* comparison : comparisons) {
    const GateObservations moved =
        units_of(from_first, Bound::kBaseline, *comparison, summary, &first.report);
    if (moved.code != 0 || moved.count() == 0) continue;
    const double mean = mean_of(moved.beyond) - (moved.others ? mean_of(*moved.others) : 0);
    const double value = gate.is_timing ? std::expm1(mean) : mean;
    if (!most || value > most->value)
      most = Drift{.since = first.accepted,
                   .value = value,
                   .unit = moved.unit,
                   .comparison = comparison->id,
                   .label = comparison->label};
  }
  return most;
}

std::string told(const Drift& drift) {
  const bool time = drift.unit == "ratio";
  std::string text = fmt::format("since the first baseline ({}): {:+.3g}",
                                 drift.since.substr(0, 10), time ? 100 * drift.value : drift.value);
  if (time) text += " % of time";
  if (!time && !drift.unit.empty()) text += " " + drift.unit;
  return fmt::format("{} in {}", text, drift.label);
}

}  // namespace sameseed
