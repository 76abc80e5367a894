// How often `compare` and `recommend` answer what, where the truth is known: false alarms beside
// power. Prints the tables of reports/STATISTICS.md.
//
//   build/release/bin/compare_error_rates [repetitions, 2000 unless given] [scores|times|recommend
//   [first line]]
//
// Losses: 4 settings x 4 metrics. A prompt's sensitivity is log-normal and common to settings and
// metrics for the most part; both runs' losses vary by `noise` about it. Times: 4 settings, blocks
// of two samples an arm, each with its own noise.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "reports/compare/claims.h"
#include "reports/compare/margins.h"
#include "reports/judge/recommend.h"

namespace sameseed {
namespace {

constexpr std::size_t kSettings = 4;
constexpr const char* kMetrics[] = {"lpips.alex", "ssim.gaussian", "color.delta_e_mean",
                                    "flip.mean"};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double normal(double spread = 1) { return spread * normal_(engine_); }
  double uniform() { return uniform_(engine_); }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
};

// What the words of one comparison come to: an exit code less what is missing.
int code_of(const std::vector<Claim>& claims) {
  bool worse = false, slower = false, open = false;
  for (const Claim& claim : claims) {
    worse = worse || claim.reading == "worse";
    slower = slower || claim.reading == "slower";
    open = open ||
           (claim.is_promised() && (claim.reading == "inconclusive" || claim.reading == "too few"));
  }
  return worse && slower ? 4 : worse ? 2 : slower ? 3 : open ? 5 : 0;
}

struct Scores {
  std::size_t prompts = 48, seeds = 1;
  double sigma = 0.6;   // of a prompt's sensitivity, log
  double within = 0;    // of a seed's, log
  double noise = 0.03;  // of each run, log
  double factor = 1;    // on the losses of one setting in B: their mean is so much larger
  double spread = 0;    // of that factor from pair to pair, log
  double outliers = 0;  // share of prompts whose loss is ten times as large in B, of one setting
};

std::vector<Claim> compared_scores(const Scores& truth, Random& random) {
  std::vector<std::vector<double>> sensitivity(truth.prompts, std::vector<double>(truth.seeds));
  for (auto& seeds : sensitivity) {
    const double prompt = random.normal(truth.sigma);
    for (double& one : seeds) one = prompt + random.normal(truth.within);
  }
  CompareRows rows;
  for (std::size_t setting = 0; setting < kSettings; ++setting) {
    std::vector<std::vector<double>> changed(truth.prompts, std::vector<double>(truth.seeds, 0));
    if (setting == 0)
      for (auto& seeds : changed) {
        const double outlier = random.uniform() < truth.outliers ? std::log(10.0) : 0;
        for (double& one : seeds)
          one = outlier + std::log(truth.factor) + random.normal(truth.spread) -
                truth.spread * truth.spread / 2;
      }
    for (const char* metric : kMetrics) {
      const double size = 0.02 * (1 + static_cast<double>(setting)) *
                          (std::string(metric) == "color.delta_e_mean" ? 50 : 1);
      std::map<std::size_t, LossesOfPrompt> losses;
      for (std::size_t prompt = 0; prompt < truth.prompts; ++prompt)
        for (std::size_t seed = 0; seed < truth.seeds; ++seed) {
          const double loss = size * std::exp(sensitivity[prompt][seed] + random.normal(0.2));
          losses[prompt].a +=
              loss * std::exp(random.normal(truth.noise)) / static_cast<double>(truth.seeds);
          losses[prompt].b += loss * std::exp(random.normal(truth.noise) + changed[prompt][seed]) /
                              static_cast<double>(truth.seeds);
        }
      Claim claim{.about = About::kOwnReference};
      claim.measure = metric;
      rows.push_back(score_row(claim, losses, default_margin(metric)));
    }
  }
  return judge_rows(rows, truth.prompts);
}

struct Times {
  std::size_t blocks = 12;
  double noise = 0.02;      // of a sample
  double all = 1, one = 1;  // factors on every time, and on those of one setting, in B
  double clock = 1;         // of B, and what its times are longer by
  double clock_noise = -1;  // of a reading; less than 0: the clock is not told
};

std::vector<Claim> compared_times(const Times& truth, Random& random) {
  const auto mean_of_two = [&](double noise) {
    return 1 + (random.normal(noise) + random.normal(noise)) / 2;
  };
  CompareRows rows;
  for (const char* arm : {"candidate", "reference"}) {
    std::map<std::size_t, double> all, all_clock;
    for (std::size_t setting = 0; setting < kSettings; ++setting) {
      std::map<std::size_t, double> changes, clock;
      for (std::size_t block = 0; block < truth.blocks; ++block) {
        const bool one = setting == 0 && arm[0] == 'c';
        const std::size_t number = setting * truth.blocks + block;
        changes[number] = std::log(truth.all * (one ? truth.one : 1) / truth.clock *
                                   mean_of_two(truth.noise) / mean_of_two(truth.noise));
        if (truth.clock_noise >= 0)
          clock[number] = std::log(truth.clock * mean_of_two(truth.clock_noise) /
                                   mean_of_two(truth.clock_noise));
      }
      all.insert(changes.begin(), changes.end());
      all_clock.insert(clock.begin(), clock.end());
      if (arm[0] != 'c') continue;
      rows.push_back(time_row({.about = About::kSpeed, .arm = arm, .unit = "ratio"},
                              Family::kTotals, changes, 0.01));
      rows.back().clock = clock;
    }
    rows.push_back(time_row({.about = About::kSpeed, .arm = arm, .unit = "ratio"}, Family::kTotals,
                            all, 0.01));
    rows.back().clock = all_clock;
  }
  return judge_rows(rows, kSettings * truth.blocks);
}

// Of 20 settings whose quality holds: whether one is recommended.
bool recommended(double ratio, std::size_t blocks, double noise, Random& random) {
  Summary summary;
  summary.metrics = {{.name = "lpips.alex"}};
  for (int setting = 0; setting < 20; ++setting) {
    Comparison comparison;
    comparison.setting = {{"candidate.request.deepcache", fmt::format("{}/0/0", setting + 2)}};
    comparison.against = "reference";
    comparison.status = "ok";
    for (int prompt = 0; prompt < 8; ++prompt) {
      ScoredPair pair;
      pair.pair.prompt = fmt::format("{}", prompt);
      pair.scored = true;
      pair.values["lpips.alex"] = 0.01 + 0.001 * prompt;
      comparison.pairs.push_back(std::move(pair));
    }
    for (std::size_t block = 0; block < blocks; ++block)
      for (const char* arm : {"reference", "candidate", "candidate", "reference"}) {
        TimedSample sample;
        sample.arm = arm;
        sample.block = block;
        sample.ms.set("total_ms", 100 * (arm[0] == 'c' ? ratio : 1) * (1 + random.normal(noise)));
        comparison.speed.samples.push_back(std::move(sample));
      }
    summary.comparisons.push_back(std::move(comparison));
  }
  return recommend(recommendable(summary, {parse_quality_bound("lpips.alex.mean=0.1", true)}), "")
             .code == 0;
}

using Trial = std::function<std::string(Random&)>;  // what came out of it

struct Line {
  std::string what, right;
  Trial trial;
};

Line of_scores(const std::string& what, const std::string& right, const Scores& truth) {
  return {what, right, [truth](Random& random) {
            return fmt::format("{}", code_of(compared_scores(truth, random)));
          }};
}

Line of_times(const std::string& what, const std::string& right, const Times& truth) {
  return {what, right, [truth](Random& random) {
            const std::vector<Claim> claims = compared_times(truth, random);
            for (const Claim& claim : claims)
              if (!claim.cause.empty()) return fmt::format("{}, clock named", code_of(claims));
            return fmt::format("{}", code_of(claims));
          }};
}

Line of_recommend(const std::string& what, const std::string& right, double ratio,
                  std::size_t blocks) {
  return {what, right, [=](Random& random) {
            return std::string(recommended(ratio, blocks, 0.02, random) ? "0" : "5");
          }};
}

std::vector<Line> score_lines() {
  std::vector<Line> lines;
  for (const std::size_t prompts : {6UL, 12UL, 48UL})
    lines.push_back(of_scores(fmt::format("equal runs, {} prompts", prompts),
                              prompts < 8 ? "5" : "0", {.prompts = prompts}));
  lines.push_back(of_scores("equal runs, 48 prompts, noise 20 %", "0 or 5", {.noise = 0.2}));
  lines.push_back(of_scores("equal runs, 48 prompts, sigma 1", "0", {.sigma = 1}));
  lines.push_back(of_scores("equal runs, 12 x 4, correlation .6, noise 20 %", "0 or 5",
                            {.prompts = 12, .seeds = 4, .within = 0.49, .noise = 0.2}));
  lines.push_back(of_scores("equal runs, 12 x 4, correlation .9, noise 20 %", "0 or 5",
                            {.prompts = 12, .seeds = 4, .within = 0.2, .noise = 0.2}));
  for (const std::size_t prompts : {6UL, 8UL, 12UL, 48UL})
    lines.push_back(of_scores(fmt::format("one setting doubled (sd .25), {} prompts", prompts),
                              prompts < 8 ? "5" : "2",
                              {.prompts = prompts, .factor = 2, .spread = 0.25}));
  lines.push_back(of_scores("one setting doubled (sd .3), 48 prompts, sigma 1", "2",
                            {.sigma = 1, .factor = 2, .spread = 0.3}));
  lines.push_back(
      of_scores("one setting doubled (sd .25), 12 x 4, correlation .9", "2",
                {.prompts = 12, .seeds = 4, .within = 0.2, .factor = 2, .spread = 0.25}));
  for (const std::size_t prompts : {12UL, 48UL})
    for (const double sigma : {0.6, 1.0})
      lines.push_back(of_scores(
          fmt::format("one setting worse by the margin, 25 % (sd .5), {} prompts, sigma {}",
                      prompts, sigma),
          "not 0", {.prompts = prompts, .sigma = sigma, .factor = 1.25, .spread = 0.5}));
  lines.push_back(of_scores("one setting worse by 30 % (sd .25), 48 prompts", "2 or 5",
                            {.factor = 1.3, .spread = 0.25}));
  for (const std::size_t prompts : {12UL, 48UL, 96UL})
    lines.push_back(of_scores(
        fmt::format("3 % of one setting's prompts ten times as bad (mean +27 %), {} prompts",
                    prompts),
        "not 0", {.prompts = prompts, .outliers = 0.03}));
  return lines;
}

std::vector<Line> time_lines() {
  return {
      of_times("equal, noise 0.5 %", "0", {.noise = 0.005}),
      of_times("equal, noise 2 %", "0 or 5", {}),
      of_times("all times slower by 1 %, the margin", "not 3", {.all = 1.01}),
      of_times("all times slower by 3 %", "3", {.all = 1.03}),
      of_times("one of 4 settings slower by 3 %", "3", {.one = 1.03}),
      of_times("one of 4 settings slower by 3 %, 24 blocks", "3", {.blocks = 24, .one = 1.03}),
      of_times("one of 4 settings slower by 5 %", "3", {.one = 1.05}),
      of_times("one of 4 settings slower by 5 %, noise 0.5 %, clock equal, readings 3 %",
               "3, no clock named", {.noise = 0.005, .one = 1.05, .clock_noise = 0.03}),
      of_times("clock lower by 4 %, noise 0.5 %, readings 0.3 %", "3, clock named",
               {.noise = 0.005, .clock = 0.96, .clock_noise = 0.003}),
  };
}

std::vector<Line> recommend_lines() {
  return {
      of_recommend("20 settings as fast as the reference, 6 blocks", "5", 1, 6),
      of_recommend("20 settings as fast as the reference, 12 blocks", "5", 1, 12),
      of_recommend("20 settings at 0.97, 12 blocks", "0", 0.97, 12),
      of_recommend("20 settings at 0.9, 6 blocks", "0", 0.9, 6),
  };
}

void print_table(const char* title, const std::vector<Line>& lines, int repetitions,
                 std::size_t from) {
  fmt::print("\n{}\n\n| truth | right | answers |\n|---|---|---|\n", title);
  const auto run = [repetitions](const Line& line, std::uint64_t number) {
    Random random(1000 + number);
    std::map<std::string, int> answers;
    for (int i = 0; i < repetitions; ++i) ++answers[line.trial(random)];
    return answers;
  };
  for (std::size_t i = from; i < lines.size(); i += 2) {
    std::vector<std::future<std::map<std::string, int>>> pair;
    for (std::size_t j = i; j < lines.size() && j < i + 2; ++j)
      pair.push_back(std::async(std::launch::async, run, lines[j], j));
    for (std::size_t j = 0; j < pair.size(); ++j) {
      std::string text;
      for (const auto& [answer, count] : pair[j].get())
        text += fmt::format("{}**{}**: {:.1f} %", text.empty() ? "" : "; ", answer,
                            100.0 * count / repetitions);
      fmt::print("| {} | {} | {} |\n", lines[i + j].what, lines[i + j].right, text);
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace sameseed

int main(int count, char** arguments) {
  using namespace sameseed;
  const int repetitions = count > 1 ? std::atoi(arguments[1]) : 2000;
  if (repetitions < 1) return 1;
  fmt::print("{} repetitions each; exit codes as `compare` and `recommend` give them\n",
             repetitions);
  const std::size_t from = count > 3 ? std::strtoul(arguments[3], nullptr, 10) : 0;
  const std::string only = count > 2 ? arguments[2] : "";
  if (only.empty() || only == "scores")
    print_table(
        "Scores (margin 25 %; 4 settings x 4 metrics; losses log-normal of sigma .6, runs' noise "
        "3 %)",
        score_lines(), repetitions, from);
  if (only.empty() || only == "times")
    print_table("Times (margin 1 %; 4 settings x 12 blocks; noise of a sample 2 %)", time_lines(),
                repetitions, from);
  if (only.empty() || only == "recommend")
    print_table("recommend (noise of a sample 2 %)", recommend_lines(), repetitions, from);
}
