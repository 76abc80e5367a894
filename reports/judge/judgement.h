// Gates held against a summary.
#pragma once

#include "reports/judge/accepted_report.h"
#include "reports/judge/decision.h"
#include "reports/judge/gate.h"
#include "reports/summary/summary.h"

namespace sameseed {

// A gate file held against a summary, a decision each. What is judged by interval is one family.
// Pure. `accepted` is the summary of the accepted run, or null. A name that the summary does not
// know or a `where` that fits no setting is a cause of kind "usage"; a value that is missing never
// passes.
// `first`: the baseline that was accepted first, or null.
std::vector<GateDecision> decide(const std::vector<Gate>& gates, const Summary& summary,
                                 const Summary* accepted, const FirstBaseline* first = nullptr);

}  // namespace sameseed
