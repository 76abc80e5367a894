#include "reports/judge/verdict_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/summary/failures.h"

namespace sameseed {
namespace {

std::size_t causes_of(const Verdict& verdict, const std::string& kind) {
  return static_cast<std::size_t>(std::ranges::count(verdict.causes, kind, &Cause::kind));
}

// What kept the run from being judged: samples first, since the rest mostly follows from them.
std::string what_is_lost(const Verdict& verdict, const Summary& summary) {
  if (const std::string samples = counted(summary.failures); !samples.empty()) return samples;
  if (causes_of(verdict, "broken") > 0) return "pictures are broken";
  if (causes_of(verdict, "unscored") > 0) return "the run was not scored";
  return "pairs have no valid scores";
}

// "2 of 3 gates have no answer"
std::string what_is_open(const Verdict& verdict) {
  if (!verdict.gates) return "nothing was judged";
  const auto open = std::ranges::count_if(*verdict.gates, [](const GateDecision& decision) {
    return decision.answer == Answer::kInconclusive;
  });
  if (open == 0) return "not everything is covered by a gate";
  return fmt::format("{} of {} {} {} no answer", open, verdict.gates->size(),
                     verdict.gates->size() == 1 ? "gate" : "gates", open == 1 ? "has" : "have");
}

std::string what_is_idle(const Verdict& verdict) {
  const std::size_t count = causes_of(verdict, "engagement");
  return count == 1 ? "a switch did not act"
                    : fmt::format("{} values of switches did not act", count);
}

}  // namespace

std::string words_of(const Verdict& verdict, const Summary& summary) {
  // A gate that failed on the numbers of a switch that did nothing says little.
  const std::string idle = causes_of(verdict, "engagement") > 0 ? "; " + what_is_idle(verdict) : "";
  switch (verdict.code) {
    case 0:
      return verdict.gates ? "PASS" : "NOT JUDGED";
    case 1:
      return "ERROR: the gates cannot be used";
    case 2:
      return "FAIL: picture quality" + idle;
    case 3:
      return "FAIL: speed" + idle;
    case 4:
      return "FAIL: picture quality and speed" + idle;
    case 5:
      return "INCONCLUSIVE: " + what_is_open(verdict);
    case 6:
      if (!summary.cohort.at("differs").empty()) return "ERROR: the run is made of two things";
      return summary.invalid.empty() ? "ERROR: the baseline is of another cohort"
                                     : "ERROR: times of an invalid environment";
    case 7:
      return "ERROR: " + what_is_lost(verdict, summary);
    default:
      return "FAIL: " + what_is_idle(verdict);
  }
}

}  // namespace sameseed
