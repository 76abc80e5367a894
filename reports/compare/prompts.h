// Which prompt a picture is of.
#pragma once

#include <compare>
#include <map>
#include <string>

#include "reports/run/run_index.h"

namespace sameseed {

// What a prompt is made of: the hash of its token ids, so that prompts that differ in nothing the
// model sees are one, or its text where no record tells them.
struct Prompt {
  std::string name;
  auto operator<=>(const Prompt&) const = default;
};

class PromptNames {
 public:
  PromptNames(const RunIndex& a, const RunIndex& b);
  Prompt of(const std::string& text) const;

 private:
  std::map<std::string, std::string> token_ids_;  // of a text
};

}  // namespace sameseed
