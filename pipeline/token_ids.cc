#include "pipeline/token_ids.h"

#include <nlohmann/json.hpp>
#include <span>

#include "io/files.h"
#include "io/sha256.h"

namespace sameseed {

TokenIdHasher::TokenIdHasher(const std::filesystem::path& model)
    : first_(Tokenizer::open(model / "tokenizer")),
      second_(Tokenizer::open(model / "tokenizer_2")),
      zeros_for_no_negative_(
          read_json(model / "model_index.json").value("force_zeros_for_empty_prompt", true)) {}

std::string TokenIdHasher::hash_of(const Request& request) const {
  std::vector<std::int64_t> rows;
  const auto add = [&](const std::string& text) {
    for (const Tokenizer* tokenizer : {&first_, &second_}) {
      const TokenIds tokens = tokenizer->encode(text);
      rows.insert(rows.end(), tokens.ids.begin(), tokens.ids.end());
    }
  };
  add(request.prompt);
  if (request.guidance > 1 && (request.negative_prompt || !zeros_for_no_negative_))
    add(request.negative_prompt.value_or(""));
  return sha256(std::as_bytes(std::span(rows)));
}

}  // namespace sameseed
