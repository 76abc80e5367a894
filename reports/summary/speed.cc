#include "reports/summary/speed.h"

#include <algorithm>
#include <cmath>
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

// The statistics of one timing over all blocks; nothing where no sample has it.
std::optional<TimingStatistics> summarize_timing(
    const std::string& name, const std::vector<std::vector<TimedSample>>& blocks) {
  std::map<std::string, std::vector<Scored>> times;
  std::vector<double> ratios;
  for (const auto& block : blocks) {
    std::map<std::string, std::vector<double>> of_block;
    for (const TimedSample& sample : block)
      if (const auto ms = sample.ms.find(name); ms != sample.ms.end()) {
        of_block[sample.arm].push_back(ms->second);
        times[sample.arm].push_back({ms->second, sample.case_id, std::to_string(sample.block)});
      }
    const auto &candidate = of_block["candidate"], &reference = of_block["reference"];
    if (candidate.size() == 2 && reference.size() == 2 && reference[0] + reference[1] > 0)
      ratios.push_back((candidate[0] + candidate[1]) / (reference[0] + reference[1]));
  }
  if (times.empty()) return std::nullopt;
  const ReportMetric metric = {.name = name, .unit = "ms"};
  TimingStatistics result{.candidate = summarize(times["candidate"], metric),
                          .reference = summarize(times["reference"], metric),
                          .blocks = ratios.size()};
  if (ratios.size() >= kFewestBlocks) result.ratio = summarize_ratios(ratios);
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
    const auto ms = sample.ms.find(timing);
    if (ms == sample.ms.end()) continue;
    auto& [candidate, reference] = sums[sample.block];
    (sample.arm == "candidate" ? candidate : reference) += ms->second;
    ++counts[sample.block];
  }
  std::map<std::size_t, double> ratios;
  for (const auto& [block, sum] : sums)
    if (counts[block] == 4 && sum.first > 0 && sum.second > 0)
      ratios[block] = std::log(sum.first / sum.second);
  return ratios;
}

Speed speed_of(const std::vector<const SampleRecord*>& records) {
  Speed speed;
  std::map<int, Block> blocks;
  for (const SampleRecord* record : records) {
    blocks[record->block].push_back(record);
    for (const std::string& reason : record->invalid) ++speed.invalid[reason];
  }
  std::vector<std::vector<TimedSample>> counted;
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
    std::vector<TimedSample> samples;
    for (const SampleRecord* record : block)
      samples.push_back({.sample = record->sample,
                         .case_id = record->case_id,
                         .arm = record->arm,
                         .block = static_cast<std::size_t>(number),
                         .ms = record->ms});
    speed.samples.insert(speed.samples.end(), samples.begin(), samples.end());
    counted.push_back(std::move(samples));
  }
  for (const std::string& name : timing_names())
    if (auto timing = summarize_timing(name, counted)) speed.timings.emplace(name, *timing);
  return speed;
}

}  // namespace sameseed
