// What a report comes to: an exit code and every cause.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/judge/accepted_report.h"
#include "reports/judge/decision.h"
#include "reports/judge/gate.h"
#include "reports/summary/summary.h"

namespace sameseed {

struct Verdict {
  int code = 0;
  std::string word;           // "PASS", "FAIL: picture quality", "NOT JUDGED": see verdict_words.h
  std::vector<Cause> causes;  // a switch that did not act first, else by rank
  std::optional<std::vector<GateDecision>> gates;  // nothing: none were given
};

// Pure. The code is that of the first cause in the order 1 usage, 2 quality, 3 performance (4:
// both), 8 switch not engaged, 7 infrastructure, 6 environment invalid, 5 inconclusive; 0: none.
// Without gates (none given, not an empty list) only 8, 7, 6 (a run made of two things) and 0,
// which then is "NOT JUDGED", can come. Excluded and unsupported are no cause. `accepted` is the
// report that gates with a `baseline` are judged by, or null; `first` the one accepted first.
Verdict verdict_of(const Summary& summary, const std::optional<std::vector<Gate>>& gates,
                   const Summary* accepted = nullptr, const FirstBaseline* first = nullptr);

// A verdict with one more cause, that the gates could not be read.
Verdict verdict_without_gates(const Summary& summary, const std::string& error);

}  // namespace sameseed
