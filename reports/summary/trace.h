// Where two arms began to differ: the traces of their pairs, step by step and block by block.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/run_index.h"
#include "reports/summary/noise_floor.h"

namespace sameseed {

// The `trace` of a comparison, reports/FILES.md. Pure. `pairs` are the `trace` fields of its score
// lines, `floor` those of pairs that ought to be equal. Beyond the floor is a mean over the pairs
// that is larger than every floor pair's value at the same step (and block); without a floor of as
// many steps, any difference. Null where there are no pairs.
nlohmann::json trace_entry(const std::vector<nlohmann::json>& pairs,
                           const std::vector<nlohmann::json>& floor);

// The same for a comparison of the plan, its floor the rows beside it.
nlohmann::json trace_of(const nlohmann::json& comparison, const RunIndex& run,
                        const NoiseFloor& noise_floor);

// "steps: from step 2; blocks: from mid_block in step 1 (no floor was measured: any difference
// counts)"
std::string trace_label(const nlohmann::json& trace);

// Lines for a terminal: a bar a step, over the latents and over each block; a bar's height is the
// logarithm of the relative difference.
std::string trace_plot(const nlohmann::json& trace);

}  // namespace sameseed
