#include "reports/judge/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "reports/judge/judgement.h"
#include "reports/judge/nonfinite.h"
#include "reports/run/labels.h"
#include "reports/summary/labels.h"

namespace sameseed {
namespace {

const char* word_of(int code) {
  static const char* const words[] = {"pass",
                                      "usage error",
                                      "quality",
                                      "performance",
                                      "quality and performance",
                                      "inconclusive",
                                      "environment invalid",
                                      "infrastructure",
                                      "switch not engaged"};
  return words[code];
}

int rank(const Cause& cause) {
  switch (cause.code) {
    case 1:
      return 0;
    case 2:
      return 1;
    case 3:
      return 2;
    case 8:
      return 3;
    case 7:
      return 4;
    case 6:
      return 5;
    default:
      return 6;
  }
}

std::string title(const Comparison& comparison) {
  return fmt::format("{} against {}", comparison.label, against_label(comparison.against));
}

// A cause for each sample that went wrong; samples that were not even tried are counted by kind.
void add_failures(const Summary& summary, std::vector<Cause>& causes) {
  std::map<std::string, std::pair<std::size_t, std::string>> untried;  // kind -> count, the first
  for (const Failure& failure : summary.failures) {
    if (failure.kind == "unsupported") continue;
    if (failure.kind == "missing" || failure.kind == "given_up") {
      auto& [count, first] = untried[failure.kind];
      if (count++ == 0) first = fmt::format("{}: {}", failure.sample, failure.error);
      continue;
    }
    causes.push_back(
        {.kind = failure.kind,
         .code = 7,
         .text = fmt::format("sample {}: {}: {}", failure.sample, failure.kind, failure.error),
         .sample = failure.sample});
  }
  for (const auto& [kind, what] : untried)
    causes.push_back(
        {.kind = kind,
         .code = 7,
         .text = fmt::format("{} samples {}, the first is {}", what.first,
                             kind == "missing" ? "are missing" : "were given up", what.second)});
}

void add_refusals(const Summary& summary, std::vector<Cause>& causes) {
  if (!summary.scored)
    causes.push_back(
        {.kind = "unscored", .code = 7, .text = "the run was not scored; run `sameseed score`"});
  for (const Comparison& comparison : summary.comparisons) {
    const auto& refused = comparison.refused;
    if (refused.empty()) continue;
    causes.push_back({.kind = "refused",
                      .code = 7,
                      .text = fmt::format("{}: {} pairs have no valid scores, the first is {}: {}",
                                          title(comparison), refused.size(), refused.begin()->first,
                                          refused.begin()->second),
                      .comparison = comparison.id});
  }
}

// A broken picture is no picture: a threshold that it passes proves nothing.
void add_broken(const Summary& summary, std::vector<Cause>& causes) {
  for (const Comparison& comparison : summary.comparisons)
    for (const BrokenPicture& picture : comparison.broken)
      causes.push_back(
          {.kind = "broken",
           .code = 7,
           .text = fmt::format("{}: the {}'s picture of case {} is broken: {}", title(comparison),
                               picture.side, picture.case_id, fmt::join(picture.ways, ", ")),
           .comparison = comparison.id});
}

void add_engagement(const Summary& summary, std::vector<Cause>& causes) {
  for (const Comparison& comparison : summary.comparisons)
    for (const auto& [axis, proof] : comparison.engagement)
      if (proof.verdict == "not engaged")
        causes.push_back({.kind = "engagement",
                          .code = 8,
                          .text = fmt::format("{}: {} = {}: {}", title(comparison), axis,
                                              proof.value.dump(), proof.evidence),
                          .comparison = comparison.id});
}

void add_environment(const Summary& summary, std::vector<Cause>& causes) {
  for (const auto& [reason, count] : summary.invalid)
    causes.push_back(
        {.kind = "environment",
         .code = 6,
         .text = fmt::format(
             "{} timing samples were made in an invalid environment: {}; comparisons timed with "
             "them are not judged by time, and the same `sameseed run` times them again",
             count, reason)});
  for (const nlohmann::json& field : summary.cohort.at("differs"))
    causes.push_back({.kind = "environment",
                      .code = 6,
                      .text = fmt::format("the run is of two cohorts: {} differs between its "
                                          "starts or workers; no time is judged",
                                          field.get<std::string>())});
}

Verdict conclude(std::vector<Cause> causes) {
  std::ranges::stable_sort(causes, {}, rank);
  int code = causes.empty() ? 0 : causes.front().code;
  const bool slow = std::ranges::any_of(causes, [](const Cause& cause) { return cause.code == 3; });
  if (code == 2 && slow) code = 4;
  return {.code = code, .word = word_of(code), .causes = std::move(causes), .gates = {}};
}

std::vector<Cause> infrastructure(const Summary& summary) {
  std::vector<Cause> causes;
  add_failures(summary, causes);
  // Before the scores that are refused for it.
  for (Cause& cause : nonfinite_causes(summary)) causes.push_back(std::move(cause));
  add_refusals(summary, causes);
  add_broken(summary, causes);
  return causes;
}

}  // namespace

Verdict verdict_of(const Summary& summary, const std::optional<std::vector<Gate>>& gates,
                   const Summary* accepted) {
  std::vector<Cause> causes = infrastructure(summary);
  if (!gates) return conclude(std::move(causes));
  add_engagement(summary, causes);
  add_environment(summary, causes);
  std::vector<GateDecision> decisions = decide(*gates, summary, accepted);
  for (const GateDecision& decision : decisions)
    causes.insert(causes.end(), decision.causes.begin(), decision.causes.end());
  Verdict verdict = conclude(std::move(causes));
  verdict.gates = std::move(decisions);
  return verdict;
}

Verdict verdict_without_gates(const Summary& summary, const std::string& error) {
  std::vector<Cause> causes = infrastructure(summary);
  causes.push_back({.kind = "usage", .code = 1, .text = error});
  return conclude(std::move(causes));
}

}  // namespace sameseed
