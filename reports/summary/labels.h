// How comparisons are named and described for people.
#pragma once

#include <string>
#include <vector>

#include "reports/summary/comparison.h"

namespace sameseed {

// "reference" or "switches off".
std::string against_label(const std::string& against);

// "12 prompts x 4 seeds", prompts as their token ids; "12 prompts, 47 pairs" where not all have as
// many seeds. Of the comparison with most pairs; "no prompts" without any.
std::string sample_label(const std::vector<Comparison>& comparisons);

// "yes", "inert", "yes, 2 inert", "NO" or "-" where there is nothing that can be proven; where the
// comparison did not come out, its status.
std::string engaged_label(const Comparison& comparison);

// "steps: from step 2; blocks: from mid_block in step 1 (no floor was measured: any difference
// counts)"
std::string trace_label(const TraceSummary& trace);

// Lines for a terminal: a bar a step, over the latents and over each block; a bar's height is the
// logarithm of the relative difference.
std::string trace_plot(const TraceSummary& trace);

}  // namespace sameseed
