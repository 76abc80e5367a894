#include "reports/summary/time_floor.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "reports/statistics/fewest_blocks.h"

namespace sameseed {
namespace {

// How a comparison's blocks stand to those of the reference against itself.
std::string reading_of(const std::string& timing, const Speed& ours, const Speed& itself) {
  const auto others = log_ratios(itself.samples, timing);
  std::vector<double> quotients;
  for (const auto& [block, ratio] : log_ratios(ours.samples, timing))
    if (const auto other = others.find(block); other != others.end())
      quotients.push_back(ratio - other->second);
  if (const std::string few = too_few_blocks(quotients.size()); !few.empty()) return few;
  const auto interval = summarize_log_ratios(quotients).interval;
  return interval && (interval->high < 1 || interval->low > 1) ? kDifference : kNoDifference;
}

}  // namespace

std::vector<TimeFloorRow> time_floor_of(const RunIndex& run) {
  std::vector<TimeFloorRow> rows;
  for (const PlannedTimeFloor& planned : run.plan().time_floor)
    rows.push_back({.id = planned.id,
                    .environment = planned.environment,
                    .speed = speed_of(run.timing_records(planned.id))});
  return rows;
}

void set_time_floor_beside(const TimeFloorRow& row, Speed& speed) {
  for (auto& [name, timing] : speed.timings) {
    AgainstItself itself{.row = row.id};
    if (const TimingStatistics* floor = row.speed.timing(name)) {
      itself.blocks = floor->blocks;
      itself.ratio = floor->ratio;
    }
    if (timing.ratio && itself.ratio) itself.reading = reading_of(name, speed, row.speed);
    timing.itself = std::move(itself);
  }
}

std::string told(const AgainstItself& itself) {
  if (!itself.ratio) return too_few_blocks(itself.blocks);
  std::string text = fmt::format("{:.2f}", itself.ratio->value);
  if (const auto& interval = itself.ratio->interval)
    text += fmt::format(" [{:.2f}, {:.2f}]", interval->low, interval->high);
  return itself.reading.empty() || itself.reading == kDifference ? text
                                                                 : text + ", " + itself.reading;
}

}  // namespace sameseed
