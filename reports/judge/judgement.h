// A gate held against a summary.
#pragma once

#include "reports/judge/decision.h"
#include "reports/judge/gate.h"
#include "reports/summary/summary.h"

namespace sameseed {

// Pure. `number` is the gate's place in its file, from 0; `accepted` the summary of the accepted
// run, or null. A name that the summary does not know or a `where` that fits no setting is a cause
// of kind "usage"; a value that is missing never passes.
GateDecision decide(const Gate& gate, int number, const Summary& summary, const Summary* accepted);

}  // namespace sameseed
