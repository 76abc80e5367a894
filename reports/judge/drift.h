// How far a gate's statistic has moved since the first baseline, so that many small steps, each
// within its margin, are seen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/judge/accepted_report.h"
#include "reports/judge/decision.h"

namespace sameseed {

// Mean loss less that of the first baseline, pair by pair and then over the prompts, or how much
// slower by the ratio of times; of the setting where that is most. Of whatever statistic the gate
// is on. Nothing for a class, or where no setting is comparable.
std::optional<Drift> drift_of(const Gate& gate, const std::vector<const Comparison*>& comparisons,
                              const Summary& summary, const FirstBaseline& first);

// "since the first baseline (2026-10-01): +0.0042"
std::string told(const Drift& drift);

}  // namespace sameseed
