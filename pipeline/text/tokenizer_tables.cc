#include "pipeline/text/tokenizer_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/error.h"
#include "pipeline/text/normalize.h"

namespace sameseed {

std::int64_t TokenizerTables::id_of(const std::string& token) const {
  const auto found = vocabulary.find(token);
  return found == vocabulary.end() ? unknown : found->second;
}

void TokenizerTables::add_vocabulary(const nlohmann::json& tokens, const std::string& file) {
  if (!tokens.is_object()) throw UserError(file + ": not an object of tokens and ids");
  for (const auto& [token, id] : tokens.items()) {
    if (!id.is_number_integer())
      throw UserError(fmt::format("{}: \"{}\": not a number", file, token));
    vocabulary.emplace(token, id.get<std::int64_t>());
  }
}

// "left right"; a merge that stands earlier goes first.
void TokenizerTables::add_merge(const std::string& line, const std::string& file) {
  const std::size_t space = line.find(' ');
  if (space == std::string::npos)
    throw UserError(fmt::format("{}: \"{}\": not two tokens", file, line));
  const auto id = [&](const std::string& token) {
    const auto found = vocabulary.find(token);
    if (found == vocabulary.end())
      throw UserError(fmt::format("{}: \"{}\": {} is not in the vocabulary", file, line, token));
    return found->second;
  };
  const std::string left = line.substr(0, space), right = line.substr(space + 1);
  const auto rank = static_cast<std::int64_t>(merges.size());
  merges.try_emplace({id(left), id(right)}, Merge{rank, id(left + right)});
}

std::int64_t TokenizerTables::number_of(const std::string& token) const {
  if (const auto found = added.find(token); found != added.end()) return found->second;
  const auto found = vocabulary.find(token);
  return found == vocabulary.end() ? -1 : found->second;
}

// huggingface/tokenizers:tokenizers/src/tokenizer/added_vocabulary.rs
void TokenizerTables::add_token(const std::string& text, bool normalized) {
  if (text.empty()) return;
  std::int64_t id = number_of(text);
  if (id < 0) {
    id = static_cast<std::int64_t>(vocabulary.size());
    for (const auto& [other, taken] : added) id = std::max(id, taken + 1);
  }
  added[text] = id;
  std::erase_if(specials, [&](const SpecialToken& known) { return known.id == id; });
  std::string matched = text;
  if (normalized) matched.clear(), normalize(text).toUTF8String(matched);
  if (!matched.empty()) specials.push_back({matched, id, normalized});
}

const SpecialToken* TokenizerTables::special_at(std::string_view text, std::size_t at,
                                                bool normalized) const {
  const SpecialToken* best = nullptr;
  for (const SpecialToken& token : specials)
    if (token.normalized == normalized && text.substr(at).starts_with(token.text) &&
        (best == nullptr || token.text.size() > best->text.size()))
      best = &token;
  return best;
}

}  // namespace sameseed
