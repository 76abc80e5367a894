#include <cmath>
#include <optional>

#include "reports/compare/compare_rows.h"
#include "reports/summary/speed.h"

namespace sameseed {
namespace {

constexpr const char* kTimings[] = {"total_ms", "step_full_ms", "step_partial_ms", "decode_ms"};

// Adds the clocks that the samples tell to `clocks`.
std::map<std::string, BlockTimes> times_of(const RunIndex& run, const PlannedComparison& comparison,
                                           std::vector<double>& clocks) {
  std::map<std::string, BlockTimes> arms;
  for (const TimedSample& sample : speed_of(run.timing_records(comparison.id)).samples) {
    const auto mhz = run.files().samples.at(sample.sample).sm_mhz;
    if (mhz) clocks.push_back(*mhz);
    for (const auto& [timing, ms] : sample.ms.taken()) {
      BlockTime& time = arms[sample.arm][timing][static_cast<int>(sample.block)];
      time.ms += ms;
      ++time.samples;
      if (!mhz) continue;
      time.megacycles += ms * *mhz / 1000;
      ++time.clocked;
    }
  }
  return arms;
}

// log(B / A) of two blocks; nothing where one is not whole.
std::optional<double> change_of(const BlockTime& a, const BlockTime& b, bool in_cycles) {
  if (a.samples != 2 || b.samples != 2) return std::nullopt;
  if (in_cycles && (a.clocked != 2 || b.clocked != 2)) return std::nullopt;
  const double ours = in_cycles ? a.megacycles : a.ms, theirs = in_cycles ? b.megacycles : b.ms;
  if (ours <= 0 || theirs <= 0) return std::nullopt;
  return std::log(theirs / ours);
}

// Block -> log of B's clock over A's.
std::map<int, double> clock_changes(const TimedSetting& timed, const std::string& arm,
                                    const std::string& timing) {
  std::map<int, double> clocks;
  const auto ms = time_changes(timed, arm, timing, false);
  for (const auto& [block, cycles] : time_changes(timed, arm, timing, true))
    if (const auto found = ms.find(block); found != ms.end())
      clocks[block] = cycles - found->second;
  return clocks;
}

// Of one arm and timing: a row a setting where it is the candidate's total, and one over all.
void add_rows(const TimedSettings& timed, const std::string& arm, const std::string& timing,
              bool in_cycles, double margin, Observations& observations, CompareRows& rows) {
  const Family family = in_cycles              ? Family::kCycles
                        : timing == "total_ms" ? Family::kTotals
                                               : Family::kParts;
  const auto add = [&](const std::optional<Setting>& setting,
                       const std::map<std::size_t, double>& changes,
                       const std::map<std::size_t, double>& clock) {
    if (changes.empty()) return;
    rows.push_back(time_row({.about = in_cycles ? About::kCycles : About::kSpeed,
                             .arm = arm,
                             .setting = setting,
                             .measure = timing,
                             .unit = "ratio"},
                            family, changes, margin));
    if (!in_cycles) rows.back().clock = clock;
  };
  std::map<std::size_t, double> all, all_clock;
  for (const TimedSetting& setting : timed.settings) {
    const auto number = [&](int block) {
      return observations.number(Observations::Block(setting.setting, block));
    };
    std::map<std::size_t, double> changes, clock;
    for (const auto& [block, change] : time_changes(setting, arm, timing, in_cycles))
      changes[number(block)] = change;
    for (const auto& [block, change] : clock_changes(setting, arm, timing))
      clock[number(block)] = change;
    all.insert(changes.begin(), changes.end());
    all_clock.insert(clock.begin(), clock.end());
    if (arm == "candidate" && timing == "total_ms") add(setting.setting, changes, clock);
  }
  add(std::nullopt, all, all_clock);
}

}  // namespace

TimedSettings timed_settings(const RunIndex& a, const RunIndex& b) {
  TimedSettings timed;
  for (const auto& [ours, theirs] : same_comparisons(a, b))
    if (ours->against == "reference")
      timed.settings.push_back({.setting = ours->setting,
                                .a = times_of(a, *ours, timed.clocks_a),
                                .b = times_of(b, *theirs, timed.clocks_b)});
  return timed;
}

std::map<int, double> time_changes(const TimedSetting& timed, const std::string& arm,
                                   const std::string& timing, bool in_cycles) {
  std::map<int, double> changes;
  const auto ours = timed.a.find(arm), theirs = timed.b.find(arm);
  if (ours == timed.a.end() || theirs == timed.b.end()) return changes;
  const auto first = ours->second.find(timing), second = theirs->second.find(timing);
  if (first == ours->second.end() || second == theirs->second.end()) return changes;
  for (const auto& [block, time] : first->second)
    if (const auto found = second->second.find(block); found != second->second.end())
      if (const auto change = change_of(time, found->second, in_cycles)) changes[block] = *change;
  return changes;
}

CompareRows time_rows(const TimedSettings& timed, double margin, Observations& observations) {
  CompareRows rows;
  for (const bool in_cycles : {false, true})
    for (const char* arm : {"candidate", "reference"})
      for (const char* timing : kTimings)
        add_rows(timed, arm, timing, in_cycles, margin, observations, rows);
  return rows;
}

}  // namespace sameseed
