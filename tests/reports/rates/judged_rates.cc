// Gates: means over prompts with seeds, whole files, and the worst 5 %.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/judge/gate_interval.h"
#include "reports/statistics/tail_bound.h"
#include "tests/reports/rates/rates.h"

namespace sameseed {
namespace {

using Ought = RateRow::Ought;

GateObservations observations_of(std::vector<double> losses, double bound) {
  GateObservations observations{.beyond = std::move(losses), .bound = bound, .what = "mean"};
  for (double& one : observations.beyond) one -= bound;
  observations.shown = [bound](double beyond) { return bound + beyond; };
  return observations;
}

// What a file of `gates` equal gates on losses like these comes to, each on its own draw.
bool any(Answer wanted, const Losses& losses, double bound, std::size_t gates, Random& random) {
  const Gate gate{.name = "lpips", .statistic = "mean", .at_most = bound, .by_interval = true};
  std::vector<GateToJudge> file;
  for (std::size_t i = 0; i < gates; ++i)
    file.push_back(
        {.gate = &gate,
         .settings = {{observations_of(means_of_prompts(draw(losses, random)), bound)}}});
  return std::ranges::any_of(judge_by_interval(file),
                             [&](const auto& answers) { return answers[0].answer == wanted; });
}

Answer answer_to(const std::vector<double>& losses, double bound) {
  const Gate gate{.name = "lpips", .statistic = "mean", .at_most = bound, .by_interval = true};
  return judge_by_interval({{&gate, {{observations_of(losses, bound)}}}})[0][0].answer;
}

RateRow mean_row(const std::string& what, Answer wanted, const Losses& losses, double bound,
                 Ought ought, double rate, std::size_t gates = 1) {
  return {.group = "gate on a mean",
          .what = fmt::format("{} x {}, correlation {:.1f}, sigma {:.1f}: {}", losses.prompts,
                              losses.seeds, losses.within, losses.sigma, what),
          .ought = ought,
          .bound = rate,
          .counts = [=](Random& random) { return any(wanted, losses, bound, gates, random); }};
}

}  // namespace

std::vector<RateRow> gate_rows() {
  std::vector<RateRow> rows;
  for (const double within : {0.6, 0.9}) {
    const Losses losses{.within = within};
    rows.push_back(mean_row("passes wrongly", Answer::kPass, losses, 1, Ought::kAtMost, 0.07));
    rows.push_back(mean_row("fails wrongly", Answer::kFail, losses, 1, Ought::kAtMost, 0.07));
    rows.push_back(mean_row("true mean half the bound, passes", Answer::kPass, losses, 2,
                            Ought::kAtLeast, 0.8));
    rows.push_back(mean_row("true mean twice the bound, fails", Answer::kFail, losses, 0.5,
                            Ought::kAtLeast, 0.8));
  }
  for (const double sigma : {0.6, 1.0})
    for (const std::size_t prompts : {std::size_t{6}, std::size_t{12}, std::size_t{48}}) {
      const Losses losses{.prompts = prompts, .seeds = 1, .sigma = sigma};
      rows.push_back(mean_row("passes wrongly", Answer::kPass, losses, 1, Ought::kToldOnly, 0));
      rows.push_back(mean_row("fails wrongly", Answer::kFail, losses, 1, Ought::kAtMost, 0.05));
    }
  rows.push_back(mean_row("a file of 20 gates, all on the bound: any fails wrongly", Answer::kFail,
                          {}, 1, Ought::kAtMost, 0.05, 20));
  return rows;
}

std::vector<RateRow> tail_rows() {
  std::vector<RateRow> rows;
  const auto turned_over = [](std::size_t n, Random& random) {
    std::vector<double> losses(n);
    for (double& loss : losses)
      loss = std::exp(0.5 * normal(random)) *
             (std::uniform_real_distribution<double>()(random) < 0.03 ? 10 : 1);
    return losses;
  };
  // 5 % of these lie beyond the first: the 3 % and 2 of the 97. The second is the mean of the
  // worst 5 %; 2 % lie beyond it, so that to pass is right, though the mean is no smaller.
  const double quantile = std::exp(0.5 * 2.0427), shortfall = 8.16;
  for (const std::size_t n : {std::size_t{6}, std::size_t{12}, std::size_t{48}, std::size_t{59},
                              std::size_t{96}, std::size_t{200}, std::size_t{400}})
    rows.push_back({.group = "gate on worst5",
                    .what = fmt::format("{} prompts, 3 % ten times as bad, 5 % beyond the bound: "
                                        "passes wrongly",
                                        n),
                    .ought = Ought::kAtMost,
                    .bound = 0.05,
                    .counts = [=](Random& random) {
                      return test_worst5(turned_over(n, random), quantile).p_at_most <= 0.05;
                    }});
  for (const std::size_t n : {std::size_t{48}, std::size_t{96}, std::size_t{200}})
    rows.push_back({.group = "gate on worst5",
                    .what = fmt::format("{} prompts, the same, 2 % beyond the bound, which is the "
                                        "mean of the worst 5 %: passes (rightly, it is a share)",
                                        n),
                    .counts = [=](Random& random) {
                      return test_worst5(turned_over(n, random), shortfall).p_at_most <= 0.05;
                    }});
  for (const std::size_t n : {std::size_t{12}, std::size_t{96}})
    rows.push_back({.group = "gate on worst5",
                    .what = fmt::format("{} prompts, 5 % beyond the bound: fails wrongly", n),
                    .ought = Ought::kAtMost,
                    .bound = 0.05,
                    .counts = [=](Random& random) {
                      return test_worst5(turned_over(n, random), quantile).p_above <= 0.05;
                    }});
  // Log-normal of sigma 0.5; the bound is the quantile beyond which 1 in 1,000 lies.
  rows.push_back({.group = "gate on worst5",
                  .what = "96 prompts, no outliers, 0.1 % beyond the bound: passes",
                  .ought = Ought::kAtLeast,
                  .bound = 0.8,
                  .counts = [](Random& random) {
                    std::vector<double> losses(96);
                    for (double& loss : losses) loss = std::exp(0.5 * normal(random));
                    return test_worst5(losses, std::exp(0.5 * 3.0902)).p_at_most <= 0.05;
                  }});
  rows.push_back({.group = "gate on worst5",
                  .what = "12 prompts, 30 % beyond the bound: fails",
                  .ought = Ought::kAtLeast,
                  .bound = 0.7,
                  .counts = [](Random& random) {
                    std::vector<double> losses(12);
                    for (double& loss : losses) loss = std::exp(0.5 * normal(random));
                    return test_worst5(losses, std::exp(0.5 * 0.5244)).p_above <= 0.05;
                  }});
  return rows;
}

std::vector<RateRow> looking_rows() {
  const auto first_answer = [](Random& random) {
    const std::map<PairKey, double> all = draw({.prompts = 96, .seeds = 1, .sigma = 0.6}, random);
    const std::vector<double> losses = means_of_prompts(all);
    for (const std::ptrdiff_t n : {6, 12, 24, 48, 96}) {
      const Answer answer = answer_to({losses.begin(), losses.begin() + n}, 1);
      if (answer != Answer::kInconclusive) return answer;
    }
    return Answer::kInconclusive;
  };
  const std::string what =
      "a mean on the bound, sigma 0.6, judged at 6, 12, 24, 48 and 96 prompts until there is an "
      "answer, without `prompts` in the file: ";
  return {{.group = "looking again",
           .what = what + "passes wrongly",
           .counts = [=](Random& random) { return first_answer(random) == Answer::kPass; }},
          {.group = "looking again", .what = what + "fails wrongly", .counts = [=](Random& random) {
             return first_answer(random) == Answer::kFail;
           }}};
}

}  // namespace sameseed
