// What engines state as `hashes.token_ids`, from the tokenizers alone.
#pragma once

#include <filesystem>
#include <string>

#include "pipeline/engine.h"
#include "pipeline/text/tokenizer.h"

namespace sameseed {

class TokenIdHasher {
 public:
  // `model`: a folder in diffusers' layout. Throws UserError.
  explicit TokenIdHasher(const std::filesystem::path& model);

  // SHA-256 of int64 rows: the prompt by tokenizer, the second encoder's prompt by tokenizer_2,
  // then the negative prompts likewise where guidance reads them.
  std::string hash_of(const Request& request) const;

 private:
  Tokenizer first_, second_;
  bool zeros_for_no_negative_;  // and not the ids of an empty one
};

}  // namespace sameseed
