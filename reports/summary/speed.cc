#include "reports/summary/speed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "reports/statistics/fewest_blocks.h"

namespace sameseed {
namespace {

using Block = std::vector<const SampleRecord*>;

bool is_whole(const Block& block) {
  int candidates = 0;
  for (const SampleRecord* record : block) {
    if (!record->ok() || record->start != block[0]->start) return false;
    candidates += record->arm == "candidate";
  }
  return block.size() == 4 && candidates == 2;
}

bool is_valid(const Block& block) {
  return std::ranges::all_of(block,
                             [](const SampleRecord* record) { return record->invalid.empty(); });
}

// The statistics of one timing over whole blocks; nothing where no sample has it.
std::optional<TimingStatistics> summarize_timing(const std::string& name,
                                                 const std::vector<TimedSample>& samples) {
  std::map<std::string, std::vector<Scored>> times;
  for (const TimedSample& sample : samples)
    if (const auto ms = sample.ms.of(name))
      times[sample.arm].push_back({*ms, sample.case_id, std::to_string(sample.block)});
  if (times.empty()) return std::nullopt;
  std::vector<double> ratios;
  for (const auto& [block, ratio] : log_ratios(samples, name)) ratios.push_back(ratio);
  const ReportMetric metric = {.name = name, .unit = "ms"};
  TimingStatistics result{.candidate = summarize(times["candidate"], metric),
                          .reference = summarize(times["reference"], metric),
                          .blocks = ratios.size()};
  if (ratios.size() >= kFewestBlocks) result.ratio = summarize_log_ratios(ratios);
  result.candidate.mean.prompts = result.reference.mean.prompts = 0;  // these are blocks
  return result;
}

}  // namespace

const TimingStatistics* Speed::timing(const std::string& name) const {
  const auto found = timings.find(name);
  return found == timings.end() ? nullptr : &found->second;
}

std::map<std::size_t, double> log_ratios(const std::vector<TimedSample>& samples,
                                         const std::string& timing) {
  std::map<std::size_t, std::pair<double, double>> sums;
  std::map<std::size_t, int> counts;
  for (const TimedSample& sample : samples) {
    const auto ms = sample.ms.of(timing);
    if (!ms || !(*ms > 0)) continue;
    auto& [candidate, reference] = sums[sample.block];
    (sample.arm == "candidate" ? candidate : reference) += *ms;
    ++counts[sample.block];
  }
  std::map<std::size_t, double> ratios;
  for (const auto& [block, sum] : sums)
    if (counts[block] == 4 && sum.first > 0 && sum.second > 0)
      ratios[block] = std::log(sum.first / sum.second);
  return ratios;
}

std::string missing_blocks(const Speed& speed, const std::string& timing) {
  std::set<std::size_t> whole;
  for (const TimedSample& sample : speed.samples) whole.insert(sample.block);
  const std::size_t counted = log_ratios(speed.samples, timing).size(),
                    broken = static_cast<std::size_t>(speed.broken_blocks),
                    all = whole.size() + broken + static_cast<std::size_t>(speed.invalid_blocks);
  std::vector<std::string> why;
  if (broken > 0)
    why.push_back(
        fmt::format("{} broken: not whole, or not made by one start of the program", broken));
  if (counted < whole.size())
    why.push_back(
        fmt::format("{} without {} in one of its samples", whole.size() - counted, timing));
  if (why.empty()) return "";
  return fmt::format("{} of {} blocks counted ({})", counted, all, fmt::join(why, "; "));
}

Speed speed_of(const std::vector<const SampleRecord*>& records) {
  Speed speed;
  std::map<int, Block> blocks;
  for (const SampleRecord* record : records) {
    blocks[record->block].push_back(record);
    for (const std::string& reason : record->invalid) ++speed.invalid[reason];
  }
  for (auto& [number, block] : blocks) {
    if (!is_whole(block)) {
      ++speed.broken_blocks;
      continue;
    }
    if (!is_valid(block)) {
      ++speed.invalid_blocks;
      continue;
    }
    std::ranges::sort(block, {}, [](const SampleRecord* record) { return record->position; });
    for (const SampleRecord* record : block)
      speed.samples.push_back({.sample = record->sample,
                               .case_id = record->case_id,
                               .arm = record->arm,
                               .block = static_cast<std::size_t>(number),
                               .ms = record->ms});
  }
  for (const std::string& name : timing_names())
    if (auto timing = summarize_timing(name, speed.samples)) speed.timings.emplace(name, *timing);
  return speed;
}

}  // namespace sameseed
