#include "reports/compare/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "reports/compare/claims.h"
#include "reports/compare/compare_rows.h"

namespace sameseed {
namespace {

// The verdict's words where nothing is worse: why it cannot be told.
void add_inconclusive(const std::vector<Claim>& claims, std::vector<std::string>& texts) {
  for (const auto& [about, what, observations] :
       {std::tuple{About::kOwnReference, "scores", "prompts"},
        {About::kSpeed, "times", "blocks"}}) {
    std::size_t all = 0, open = 0;
    double needed = 0;
    for (const Claim& claim : claims) {
      if (claim.about != about) continue;
      ++all;
      if (claim.reading != "inconclusive" && claim.reading != "too few") continue;
      ++open;
      needed = std::max(needed, claim.needed.value_or(0));
    }
    if (open > 0)
      texts.push_back(fmt::format(
          "{}: {} of {} claims are not shown to be within their margin{}", what, open, all,
          needed > 0 ? fmt::format("; {:.0f} {} or more may tell", needed, observations) : ""));
  }
}

CompareVerdict verdict_of(const std::vector<Claim>& claims,
                          const std::vector<Shortfall>& shortfalls) {
  std::size_t scores = 0, times = 0, missing = 0, idle = 0, invalid = 0;
  CompareVerdict verdict;
  std::vector<std::string> texts, open;
  for (const Claim& claim : claims) {
    verdict.differences += is_difference(claim);
    scores += claim.about == About::kOwnReference && claim.reading == "worse";
    times += (claim.about == About::kSpeed || claim.about == About::kCycles) &&
             claim.reading == "slower";
  }
  for (const Shortfall& shortfall : shortfalls) {
    missing += shortfall.code == 7;
    idle += shortfall.code == 8;
    invalid += shortfall.code == 6;
    if (shortfall.code == 5) open.push_back(shortfall.text);
  }
  if (idle > 0)
    texts.push_back(fmt::format("{} did not act, listed above",
                                idle == 1 ? "a switch" : fmt::format("{} switches", idle)));
  if (scores > 0)
    texts.push_back(scores == 1 ? "1 score is worse" : fmt::format("{} scores are worse", scores));
  if (times > 0)
    texts.push_back(times == 1 ? "1 time is slower" : fmt::format("{} times are slower", times));
  if (missing > 0)
    texts.push_back(
        fmt::format("{} missing, listed above",
                    missing == 1 ? "1 thing is" : fmt::format("{} things are", missing)));
  if (invalid > 0)
    texts.push_back(
        fmt::format("times of {} are of a throttled or shared device, listed above; "
                    "the same `sameseed run` times them again",
                    invalid == 1 ? "1 setting" : fmt::format("{} settings", invalid)));
  if (claims.empty()) open.push_back("the runs have no pair in common");
  add_inconclusive(claims, open);
  texts.insert(texts.end(), open.begin(), open.end());
  verdict.code = scores && times ? 4
                 : scores        ? 2
                 : times         ? 3
                 : idle          ? 8
                 : missing       ? 7
                 : invalid       ? 6
                 : !open.empty() ? 5
                                 : 0;
  verdict.word = scores || times ? "worse"
                 : idle          ? "a switch did not act"
                 : missing       ? "incomplete"
                 : invalid       ? "environment invalid"
                 : !open.empty() ? "inconclusive"
                                 : "not worse";
  verdict.text = fmt::format("{}", fmt::join(texts, "; "));
  return verdict;
}

ComparedRun side_of(const RunIndex& run, const nlohmann::json& cohort) {
  const std::vector<nlohmann::json>& starts = run.files().starts;
  ComparedRun side{.folder = run.files().folder,
                   .name = run.plan().name,
                   .started = {},
                   .cohort = cohort.at("hash"),
                   .differs = cohort.at("differs")};
  if (!starts.empty() && starts.back().contains("started"))
    side.started = starts.back().at("started").get<std::string>();
  return side;
}

std::optional<double> mean_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

const char* name_of(About about) {
  switch (about) {
    case About::kPictures:
      return "pictures";
    case About::kOwnReference:
      return "own reference";
    case About::kSpeed:
      return "speed";
    case About::kCycles:
      return "cycles";
    case About::kSwitch:
      return "switch";
  }
  return "";
}

bool is_difference(const Claim& claim) {
  for (const char* none : {"equal", "no difference shown", "not worse", "not slower",
                           "inconclusive", "too few", "different, no floor was measured"})
    if (claim.reading == none) return false;
  return true;
}

Compared compare_runs(const RunIndex& a, const RunIndex& b, const CompareOptions& options,
                      const AcrossScores& across) {
  nlohmann::json cohort_a = comparable_cohort(a), cohort_b = comparable_cohort(b);
  if (!a.files().metrics || !b.files().metrics)  // not scored is not scored otherwise: code 5
    for (nlohmann::json* cohort : {&cohort_a, &cohort_b}) cohort->erase("metrics");
  Compared compared{.a = side_of(a, cohort_a),
                    .b = side_of(b, cohort_b),
                    .varied = options.varied,
                    .differences = cohort_differences(cohort_a, cohort_b, options.varied),
                    .not_varied = {},
                    .time_margin = options.time_margin};
  compared.not_varied = not_varied(compared.differences, options.varied);
  compared.comparable = compared.a.differs.empty() && compared.b.differs.empty() &&
                        std::ranges::none_of(compared.differences, [](const auto& difference) {
                          return difference.allowed.empty();
                        });
  if (!compared.comparable) {
    compared.verdict = {
        .code = 6, .word = "not comparable", .text = "the cohorts differ in what was not varied"};
    return compared;
  }
  if (!compared.not_varied.empty()) {
    compared.verdict = {.code = 6,
                        .word = "not comparable",
                        .text = not_varied_text(cohort_a, compared.not_varied)};
    return compared;
  }
  compared.shortfalls = same_samples(a, b);
  if (compared.shortfalls.empty()) compared.shortfalls = other_inputs(a, b);
  if (compared.shortfalls.empty()) compared.shortfalls = other_scorers(a, b);
  if (!compared.shortfalls.empty()) {
    compared.verdict = {
        .code = 6, .word = "not comparable", .text = compared.shortfalls.front().text};
    return compared;
  }
  compared.shortfalls = shortfalls(a, b);
  for (const auto& [name, troubles] :
       {std::pair{"A", &options.troubles_a}, {"B", &options.troubles_b}})
    for (const Shortfall& trouble : *troubles)
      compared.shortfalls.push_back({trouble.code, fmt::format("{}: {}", name, trouble.text)});
  const PromptNames prompts(a, b);
  Observations observations;
  const TimedSettings timed = timed_settings(a, b);
  CompareRows rows = picture_rows(a, b, same_pictures(a, b), across, prompts, observations);
  const auto add = [&](CompareRows more) { std::ranges::move(more, std::back_inserter(rows)); };
  add(score_rows(a, b, options.score_margins, prompts, observations));
  add(time_rows(timed, options.time_margin, observations));
  add(switch_rows(a, b, timed, options.time_margin, prompts, observations));
  compared.claims = judge_rows(rows, observations.size());
  compared.clock_a = mean_of(timed.clocks_a);
  compared.clock_b = mean_of(timed.clocks_b);
  compared.verdict = verdict_of(compared.claims, compared.shortfalls);
  return compared;
}

}  // namespace sameseed
