#include "reports/formats/table_cells.h"

#include <optional>

#include "reports/statistics/fewest_blocks.h"
#include "reports/summary/time_floor.h"

namespace sameseed {

std::string mean_text(const Comparison& comparison, const Column& column) {
  const Quality* quality = comparison.metric(column.metric);
  return number_text(quality ? quality->statistics.named("mean") : std::nullopt, column.format);
}

std::string ratio_text(const Comparison& comparison) {
  const TimingStatistics* time = comparison.speed.timing("total_ms");
  if (time && !time->ratio) return too_few_blocks(time->blocks);
  if (!time && comparison.speed.is_lost()) return too_few_blocks(0);
  return number_text(time ? std::optional(time->ratio->value) : std::nullopt, "{:.2f}");
}

std::string time_floor_text(const Comparison& comparison) {
  const TimingStatistics* time = comparison.speed.timing("total_ms");
  return time && time->itself ? told(*time->itself) : "";
}

std::string floor_text(const FloorLosses& losses) {
  return number_text(losses.n > 0 ? std::optional(losses.mean) : std::nullopt, "{:.2g}");
}

std::map<std::string, int> excluded_reasons(const std::vector<Excluded>& excluded) {
  std::map<std::string, int> reasons;
  for (const Excluded& combination : excluded) ++reasons[combination.because];
  return reasons;
}

}  // namespace sameseed
