// Which prompt a picture is of.
#pragma once

#include <compare>
#include <map>
#include <string>

#include "reports/run/run_index.h"

namespace sameseed {

// What a prompt is made of: the hash of its token ids, so that prompts that differ in nothing the
// model sees are one, or its text where no record tells them. Prompts that either run counts once
// (Pair::same_as: equal ids, or pictures equal to the byte) are one here as well.
struct Prompt {
  std::string name;
  auto operator<=>(const Prompt&) const = default;
};

class PromptNames {
 public:
  PromptNames(const RunIndex& a, const RunIndex& b);
  Prompt of(const std::string& text) const;

 private:
  std::string least_equal(std::string text) const;

  std::map<std::string, std::string> token_ids_;  // of a text
  std::map<std::string, std::string> same_as_;    // text -> a lesser one that is the same prompt
};

}  // namespace sameseed
