// The rules by which a comparison of two runs answers: not worse, worse, or inconclusive.
//
// A claim about scores or times is held against a margin, and has three answers:
// * "not worse": a one-sided 95 % bound (mean_test.h) of how much worse B is lies within the
//   margin. Exit code 0 asks this of every claim, so no correction for their number is due (an
//   intersection-union test, Berger 1982): where one of them is worse by more than its margin, all
//   of them pass in at most 5 % of comparisons.
// * "worse" or "slower": shown to be so in a family of all such claims (step_down.h). Scores are
//   worse where they are shown to be worse at all and not shown to be within the margin: same seeds
//   leave nothing that would differ by itself. Times are slower where they are shown to be so and,
//   each for itself with 95 % confidence, by more than the margin, since two runs of the same thing
//   differ by what no block of one run can show (boot, heat, neighbours). The chance of any false
//   word is at most 0.5 % for scores, 2 % for totals, 2 % for their parts and 2 % for cycles; where
//   times do not differ at all it is far less, because of the margin.
// * "inconclusive": neither, with the smallest change that could have been shown.
// Claims about pictures and switches explain these. They make a family of their own at 99 %, and
// no exit code.
//
// The observation is the prompt (its seeds are averaged) or, of times, the block. Whether scores
// are worse is asked of each prompt's relative change, 2 (b - a) / (a + b), which lies within -2
// and 2 and is symmetric about 0 for runs that do not differ: a prompt with a large loss counts no
// more than another, and a doubled loss is seen though losses differ tenfold between prompts. How
// much worse they are is asked of the means, mean(b) - mean(a), linearised about their ratio
// (b - a mean(b) / mean(a)), because it is means that gates and reports speak of.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "reports/compare/claim.h"
#include "reports/statistics/fewest_blocks.h"

namespace sameseed {

// Claims that are judged together.
enum class Family { kScores, kTotals, kParts, kCycles, kOther };
inline constexpr Family kFamilies[] = {Family::kScores, Family::kTotals, Family::kParts,
                                       Family::kCycles, Family::kOther};
// Of a family's intervals, both sides together.
double confidence_of(Family family);

// Turned signs of n prompts resolve 1 in 2^(n-1), which must be less than 1 - confidence_of():
// 0.8 % at 8.
inline constexpr std::size_t kFewestPrompts = 8;
inline constexpr double kNotWorseAlpha = 0.05;  // of one "not worse"

// A claim to be, without its outcome.
struct CompareRow {
  Claim claim;
  Family family = Family::kOther;
  std::map<std::size_t, double> values = {};  // observation -> how far B is from A
  double margin = 0;                          // what counts as a difference, on the values' scale
  // Observation -> that of which a mean of at most `bound` is "not worse"; empty: is not asked.
  std::map<std::size_t, double> bounded = {};
  double bound = 0;
  // Observation -> b - a, where `bounded` is linearised about the ratio of the means instead.
  std::map<std::size_t, double> differences = {};
  // Observation -> log of B's clock over A's, of times whose samples all tell it.
  std::map<std::size_t, double> clock = {};
};
using CompareRows = std::vector<CompareRow>;

// How much worse a mean loss may be: the larger of `relative` x A's mean loss and `absolute`.
struct ScoreMargin {
  double relative = 0.25;
  double absolute = 0;
};
// Mean losses of one prompt in both runs.
struct LossesOfPrompt {
  double a = 0, b = 0;
};
// The row of a claim about scores: both runs' losses, by observation.
CompareRow score_row(Claim claim, const std::map<std::size_t, LossesOfPrompt>& losses,
                     const ScoreMargin& margin);
// The row of a claim about times, from log(B / A) by block. `margin`: 0.01 is 1 %.
CompareRow time_row(Claim claim, Family family, std::map<std::size_t, double> changes,
                    double margin);

// The claims with their outcomes.
std::vector<Claim> judge_rows(const CompareRows& rows, std::size_t observations);

}  // namespace sameseed
