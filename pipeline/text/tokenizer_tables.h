// What a tokenizer's files hold: vocabulary, merges, and tokens that are found as they stand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sameseed {

// A token that is found in the text as it stands: before normalization, or after it.
struct SpecialToken {
  std::string text;
  std::int64_t id = 0;
  bool normalized = false;
};

struct Merge {
  std::int64_t rank = 0, result = 0;  // what goes first; the id of both together
};

struct PairHash {
  std::size_t operator()(std::pair<std::int64_t, std::int64_t> pair) const {
    return std::hash<std::int64_t>()((pair.first << 32) ^ pair.second);
  }
};

struct TokenizerTables {
  std::unordered_map<std::string, std::int64_t> vocabulary;
  std::unordered_map<std::pair<std::int64_t, std::int64_t>, Merge, PairHash> merges;
  std::vector<SpecialToken> specials;
  std::map<std::string, std::int64_t> added;  // as they are written
  std::int64_t begin = 0, end = 0, pad = 0, unknown = 0;
  std::size_t length = 77;

  std::int64_t id_of(const std::string& token) const;
  // The longest token of this kind that stands at `at`; null where there is none.
  const SpecialToken* special_at(std::string_view text, std::size_t at, bool normalized) const;

  // Each throws UserError that names `file`.
  void add_vocabulary(const nlohmann::json& tokens, const std::string& file);
  void add_merge(const std::string& line, const std::string& file);
  // A token that is found as it stands. It keeps its number, or gets the next that is free.
  void add_token(const std::string& text, bool normalized);
  // Of a token that was added, or else of the vocabulary; -1 where it is in neither.
  std::int64_t number_of(const std::string& token) const;
};

// Reads tokenizer.json of a tokenizer folder, or vocab.json and merges.txt where it has none, with
// tokenizer_config.json and what add_tokens() reads (added_tokens.h). Throws UserError.
TokenizerTables read_tokenizer(const std::filesystem::path& folder);

}  // namespace sameseed
