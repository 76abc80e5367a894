// What two runs differ by, observation by observation: the rows of the family that compare.h
// judges. A function a kind of claim; they are called in one order, since it numbers the
// observations and so decides the draws.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reports/compare/claims.h"
#include "reports/compare/margins.h"
#include "reports/compare/prompts.h"
#include "reports/compare/same_pictures.h"
#include "reports/run/loss_table.h"
#include "reports/run/run_index.h"
#include "reports/statistics/factorial.h"

namespace sameseed {

// Observations, numbered in the order of their first use: a prompt, a setting's timed
// block, or a context's block of the switches' design.
class Observations {
 public:
  using Block = std::pair<Setting, int>;
  using Key = std::variant<Prompt, Block, std::size_t>;
  std::size_t number(const Key& key) {
    return numbers_.emplace(key, numbers_.size()).first->second;
  }
  std::size_t size() const { return numbers_.size(); }

 private:
  std::map<Key, std::size_t> numbers_;
};

// The metrics that are judged: one of each symptom, those that both runs could compute by the same
// definition.
std::vector<ReportMetric> judged_metrics(const RunIndex& a, const RunIndex& b);

// Their names, whether a run has them or not.
std::vector<std::string> judgeable_metrics();

// Comparisons of both runs that stand for the same setting.
using SameComparison = std::pair<const PlannedComparison*, const PlannedComparison*>;
std::vector<SameComparison> same_comparisons(const RunIndex& a, const RunIndex& b);

// Losses of B's pictures against A's, less the floor of the same prompt and seed where one was
// measured.
CompareRows picture_rows(const RunIndex& a, const RunIndex& b,
                         const std::vector<SamePicture>& pictures, const AcrossScores& across,
                         const PromptNames& prompts, Observations& observations);

// Loss of B against its own reference (or switches off) less that of A.
CompareRows score_rows(const RunIndex& a, const RunIndex& b, const ScoreMargins& margins,
                       const PromptNames& prompts, Observations& observations);
// Losses of one comparison and metric in both runs: the mean of a prompt's seeds that both have.
std::map<Prompt, LossesOfPrompt> losses_of_prompts(const SameComparison& comparison,
                                                   const ReportMetric& metric, const RunIndex& a,
                                                   const RunIndex& b, const PromptNames& prompts);

// Sums over one arm's samples of a block.
struct BlockTime {
  double ms = 0, megacycles = 0;
  int samples = 0, clocked = 0;
};
using BlockTimes = std::map<std::string, std::map<int, BlockTime>>;  // timing -> block
// The times of one setting in both runs, by arm.
struct TimedSetting {
  Setting setting;
  std::map<std::string, BlockTimes> a, b;
};
struct TimedSettings {
  std::vector<TimedSetting> settings;
  std::vector<double> clocks_a, clocks_b;  // SM clocks in MHz while timed samples ran
};
TimedSettings timed_settings(const RunIndex& a, const RunIndex& b);

// Block -> log(B / A), in ms or in cycles of the SM clock. Block i of A stands beside block i of B:
// they are of different runs, so any pairing is as good.
std::map<int, double> time_changes(const TimedSetting& timed, const std::string& arm,
                                   const std::string& timing, bool in_cycles);

// Each setting, and all settings together; in ms and, where both runs tell their clock, in cycles.
// `margin`: the change of time that counts, 0.01 is 1 %.
CompareRows time_rows(const TimedSettings& timed, double margin, Observations& observations);

// What each switch costs in B less what it costs in A.
CompareRows switch_rows(const RunIndex& a, const RunIndex& b, const TimedSettings& timed,
                        double margin, const PromptNames& prompts, Observations& observations);

}  // namespace sameseed
