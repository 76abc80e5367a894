#include "reports/judge/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "reports/judge/judgement.h"
#include "reports/judge/nonfinite.h"
#include "reports/judge/verdict_words.h"
#include "reports/run/labels.h"
#include "reports/summary/failures.h"
#include "reports/summary/labels.h"

namespace sameseed {
namespace {

// Which cause's code counts.
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

// Which cause is named first: after a gate that cannot be read a switch that did not act, since it
// makes its setting's numbers those of another one.
int place(const Cause& cause) {
  const int by_code = 2 * rank(cause);
  return cause.code == 8 ? 1 : by_code;
}

std::string title(const Comparison& comparison) {
  return fmt::format("{} against {}", comparison.label, against_label(comparison.against));
}

// A cause for all samples that went wrong alike.
void add_failures(const Summary& summary, std::vector<Cause>& causes) {
  for (const AlikeFailures& failures : alike(summary.failures))
    if (const Failure& first = *failures.first; first.kind != "unsupported")
      causes.push_back(
          {.kind = first.kind, .code = 7, .text = told(failures), .sample = first.sample});
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

// "candidate.X" for "switches_off.X" too: the same engine, which is asked for the same.
std::string axis_of(const std::string& proven) {
  const std::string off = "switches_off.";
  return proven.starts_with(off) ? "candidate." + proven.substr(off.size()) : proven;
}

struct Idle {
  std::string evidence;
  std::vector<const Comparison*> comparisons;
};

// A cause for each value of a switch that did not act, in however many comparisons.
void add_engagement(const Summary& summary, std::vector<Cause>& causes) {
  std::map<std::pair<std::string, AxisValue>, Idle> idle;
  for (const Comparison& comparison : summary.comparisons)
    for (const auto& [axis, proof] : comparison.engagement)
      if (proof.verdict == "not engaged") {
        Idle& found = idle[{axis_of(axis), proof.value}];
        if (found.comparisons.empty()) found.evidence = proof.evidence;
        found.comparisons.push_back(&comparison);
      }
  const auto is_idle_when_set = [&](const std::string& axis) {
    return std::ranges::any_of(idle, [&](const auto& one) {
      return one.first.first == axis && !one.first.second.is_null();
    });
  };
  for (const auto& [value, found] : idle) {
    const auto& [axis, asked] = value;
    if (asked.is_null() && is_idle_when_set(axis)) continue;  // that it is unset says no more
    const Comparison& first = *found.comparisons.front();
    const std::size_t count = found.comparisons.size();
    std::string text = fmt::format("{} did not act: {} = {}: {}", setting_label({{axis, asked}}),
                                   axis, asked.dump(), found.evidence);
    text += count == 1 ? "; in " + title(first)
                       : fmt::format("; in {} comparisons, the first is {}", count, title(first));
    causes.push_back(
        {.kind = "engagement", .code = 8, .text = std::move(text), .comparison = first.id});
  }
}

void add_invalid_times(const Summary& summary, std::vector<Cause>& causes) {
  for (const auto& [reason, count] : summary.invalid)
    causes.push_back(
        {.kind = "environment",
         .code = 6,
         .text = fmt::format(
             "{} timing samples were made in an invalid environment: {}; comparisons timed with "
             "them are not judged by time, and the same `sameseed run` times them again",
             count, reason)});
}

void add_cohorts(const Summary& summary, std::vector<Cause>& causes) {
  for (const nlohmann::json& field : summary.cohort.at("differs"))
    causes.push_back({.kind = "environment",
                      .code = 6,
                      .text = fmt::format("the run is of two cohorts: {} differs between its "
                                          "starts or workers; no time is judged",
                                          field.get<std::string>())});
}

Verdict conclude(std::vector<Cause> causes, std::optional<std::vector<GateDecision>> gates,
                 const Summary& summary) {
  int code = causes.empty() ? 0 : std::ranges::min(causes, {}, rank).code;
  const bool slow = std::ranges::any_of(causes, [](const Cause& cause) { return cause.code == 3; });
  if (code == 2 && slow) code = 4;
  std::ranges::stable_sort(causes, {}, place);
  Verdict verdict{.code = code, .word = {}, .causes = std::move(causes), .gates = std::move(gates)};
  verdict.word = words_of(verdict, summary);
  return verdict;
}

// What is wrong with the run itself, whatever it is judged by.
std::vector<Cause> causes_of_run(const Summary& summary) {
  std::vector<Cause> causes;
  add_failures(summary, causes);
  // Before the scores that are refused for it.
  for (Cause& cause : nonfinite_causes(summary)) causes.push_back(std::move(cause));
  add_refusals(summary, causes);
  add_broken(summary, causes);
  add_engagement(summary, causes);
  add_cohorts(summary, causes);
  return causes;
}

}  // namespace

Verdict verdict_of(const Summary& summary, const std::optional<std::vector<Gate>>& gates,
                   const Summary* accepted, const FirstBaseline* first) {
  std::vector<Cause> causes = causes_of_run(summary);
  if (!gates) return conclude(std::move(causes), std::nullopt, summary);
  add_invalid_times(summary, causes);
  std::vector<GateDecision> decisions = decide(*gates, summary, accepted, first);
  for (const GateDecision& decision : decisions)
    causes.insert(causes.end(), decision.causes.begin(), decision.causes.end());
  return conclude(std::move(causes), std::move(decisions), summary);
}

Verdict verdict_without_gates(const Summary& summary, const std::string& error) {
  std::vector<Cause> causes = causes_of_run(summary);
  causes.push_back({.kind = "usage", .code = 1, .text = error});
  return conclude(std::move(causes), std::nullopt, summary);
}

}  // namespace sameseed
