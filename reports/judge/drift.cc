#include "reports/judge/drift.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <utility>

#include "reports/judge/gate_observations.h"
#include "reports/judge/sample_size.h"

namespace sameseed {

namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Why so few observations tell nothing; empty where they do.
std::string too_few(const Gate& gate, const GateObservations& moved) {
  if (gate.is_timing) return few_blocks(moved);
  return moved.count() > 0 ? "" : "no prompt has a score in both";
}

}  // namespace

std::optional<Drift> drift_of(const Gate& gate, const std::vector<const Comparison*>& comparisons,
                              const Summary& summary, const FirstBaseline& first) {
  std::optional<Drift> most;
  if (gate.wanted_class) return most;
  std::string absent;
  Gate from_first = gate;  // as if it were on no more than the first baseline
  from_first.baseline_margin = 0;
  for (const Comparison* comparison : comparisons) {
    const GateObservations moved =
        units_of(from_first, Bound::kBaseline, *comparison, summary, &first.report);
    const std::string why = moved.code != 0 ? moved.problem : too_few(gate, moved);
    if (!why.empty()) {
      if (absent.empty()) absent = why;
      continue;
    }
    const double mean = mean_of(moved.beyond) - (moved.others ? mean_of(*moved.others) : 0);
    const double value = gate.is_timing ? std::expm1(mean) : mean;
    if (!most || value > most->value)
      most = Drift{.since = first.accepted,
                   .value = value,
                   .unit = moved.unit,
                   .comparison = comparison->id,
                   .label = comparison->label,
                   .n = gate.is_timing ? 0 : moved.count(),
                   .of = gate.is_timing ? 0 : prompts_in(comparison->pairs)};
  }
  if (!most && !absent.empty())
    most = Drift{.since = first.accepted,
                 .unit = {},
                 .comparison = {},
                 .label = {},
                 .absent = std::move(absent)};
  return most;
}

std::string told(const Drift& drift) {
  const std::string since =
      fmt::format("since the first baseline ({}): ", drift.since.substr(0, 10));
  if (!drift.absent.empty()) return since + "not told: " + drift.absent;
  const bool time = drift.unit == "ratio";
  std::string text = fmt::format("{}{:+.3g}", since, time ? 100 * drift.value : drift.value);
  if (time) text += " % of time";
  if (!time && !drift.unit.empty()) text += " " + drift.unit;
  text = fmt::format("{} in {}", text, drift.label);
  return drift.n < drift.of ? fmt::format("{} ({} of {} prompts)", text, drift.n, drift.of) : text;
}

}  // namespace sameseed
