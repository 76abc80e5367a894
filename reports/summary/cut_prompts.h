// Prompts of which an engine read the beginning only.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/run/run_files.h"

namespace sameseed {

struct CutPrompt {
  std::string prompt;
  std::size_t tokens = 0, lost = 0;  // read, and cut off; 0: unknown
};

struct CutPrompts {
  std::vector<CutPrompt> cut;        // in the plan's order
  std::size_t of = 0;                // prompts in all
  std::vector<CutPrompt> negatives;  // negative prompts
};

// Pure. By what workers warned of.
CutPrompts cut_prompts(const RunFiles& files);

// "2 of 12 prompts were cut at 77 tokens: "a red apple ..." (38 more), ..."; empty where none was.
std::string told(const CutPrompts& prompts);

}  // namespace sameseed
