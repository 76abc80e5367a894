#include "reports/compare/prompts.h"

#include <algorithm>

namespace sameseed {

PromptNames::PromptNames(const RunIndex& a, const RunIndex& b) {
  for (const RunIndex* run : {&a, &b})
    for (const MadeComparison& comparison : run->comparisons())
      for (const MadePair& pair : comparison.pairs)
        for (const SampleRecord* record : {pair.reference, pair.candidate})
          if (record && !record->token_ids.empty())
            token_ids_.emplace(pair.planned.prompt, record->token_ids);
  for (const RunIndex* run : {&a, &b})
    for (const MadeComparison& comparison : run->comparisons())
      for (const MadePair& pair : comparison.pairs) {
        const std::string one = least_equal(pair.planned.prompt),
                          other = least_equal(pair.planned.observation());
        const auto& [less, more] = std::minmax(one, other);
        if (less != more) same_as_[more] = less;
      }
}

std::string PromptNames::least_equal(std::string text) const {
  for (auto found = same_as_.find(text); found != same_as_.end(); found = same_as_.find(text))
    text = found->second;
  return text;
}

Prompt PromptNames::of(const std::string& text) const {
  const std::string least = least_equal(text);
  const auto found = token_ids_.find(least);
  return {found == token_ids_.end() ? least : "ids " + found->second};
}

}  // namespace sameseed
