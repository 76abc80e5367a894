#include "reports/compare/prompts.h"

namespace sameseed {

PromptNames::PromptNames(const RunIndex& a, const RunIndex& b) {
  for (const RunIndex* run : {&a, &b})
    for (const MadeComparison& comparison : run->comparisons())
      for (const MadePair& pair : comparison.pairs)
        for (const SampleRecord* record : {pair.reference, pair.candidate})
          if (record && !record->token_ids.empty())
            token_ids_.emplace(pair.planned.prompt, record->token_ids);
}

Prompt PromptNames::of(const std::string& text) const {
  const auto found = token_ids_.find(text);
  return {found == token_ids_.end() ? text : "ids " + found->second};
}

}  // namespace sameseed
