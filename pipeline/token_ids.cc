#include "pipeline/token_ids.h"

#include <nlohmann/json.hpp>
#include <span>

#include "io/files.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

// As read_pipeline_config() reads it: null is no. Another engine may take other models, so nothing
// is refused.
bool zeros_for_no_negative(const std::filesystem::path& model) {
  const nlohmann::json index = read_json(model / "model_index.json");
  if (!index.is_object() || !index.contains("force_zeros_for_empty_prompt")) return true;
  return index.at("force_zeros_for_empty_prompt") == true;
}

}  // namespace

TokenIdHasher::TokenIdHasher(const std::filesystem::path& model)
    : first_(Tokenizer::open(model / "tokenizer")),
      second_(Tokenizer::open(model / "tokenizer_2")),
      zeros_for_no_negative_(zeros_for_no_negative(model)) {}

std::string TokenIdHasher::hash_of(const Request& request) const {
  std::vector<std::int64_t> rows;
  const auto add = [&](const std::string& text, const std::optional<std::string>& text_2) {
    for (const TokenIds& tokens : {first_.encode(text), second_.encode(text_2.value_or(text))})
      rows.insert(rows.end(), tokens.ids.begin(), tokens.ids.end());
  };
  add(request.prompt, request.prompt_2);
  if (request.guidance > 1 && (request.negative_prompt || !zeros_for_no_negative_))
    add(request.negative_prompt.value_or(""), request.negative_2);
  return sha256(std::as_bytes(std::span(rows)));
}

}  // namespace sameseed
