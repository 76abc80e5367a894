#include "pipeline/text/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// In the order in which they are added.
constexpr std::array kRoles = {"bos_token", "eos_token", "unk_token", "sep_token",
                               "pad_token", "cls_token", "mask_token"};
constexpr const char* kExtra = "extra_special_tokens";
constexpr const char* kOlderExtra = "additional_special_tokens";

// A token of a file: a text alone, or an object of transformers' AddedToken.
struct Token {
  std::string content;
  bool is_text = true, special = true;
  std::optional<bool> found_normalized;  // absent: where it is not special

  bool normalized() const { return found_normalized.value_or(!special); }
  bool operator==(const Token& other) const {
    return content == other.content && is_text == other.is_text && special == other.special &&
           normalized() == other.normalized();
  }
};

bool flag(const json& token, const char* name, bool otherwise) {
  const auto found = token.find(name);
  return found != token.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

bool is_role(const std::string& name) { return std::ranges::find(kRoles, name) != kRoles.end(); }

Token token_of(const json& value, const std::string& where) {
  if (value.is_string()) return {.content = value};
  if (!value.is_object() || !value.contains("content") || !value.at("content").is_string())
    throw UserError(fmt::format("{}: {} is not a token", where, value.dump()));
  for (const char* option : {"lstrip", "rstrip", "single_word"})
    if (flag(value, option, false))
      throw UserError(fmt::format("{}: token {}: {} is not supported; set it to false", where,
                                  value.at("content").dump(), option));
  Token token{value.at("content"), false, flag(value, "special", false), std::nullopt};
  if (value.value("normalized", json()).is_boolean())
    token.found_normalized = value.at("normalized");
  return token;
}

// What the files say, before transformers makes one list of it.
struct Said {
  json fields;                             // tokenizer_config.json, with special_tokens_map.json
  std::map<std::int64_t, Token> numbered;  // in the order of their numbers
  std::map<std::int64_t, std::string> where;
};

void take_numbered(Said& said, std::int64_t id, const Token& token, const std::string& where) {
  said.numbered.insert_or_assign(id, token);
  said.where[id] = where;
}

void read_decoder(const fs::path& folder, Said& said) {
  const std::string where = (folder / "tokenizer_config.json").string() + ": added_tokens_decoder";
  const json& decoder = said.fields.at("added_tokens_decoder");
  if (!decoder.is_object()) throw UserError(where + ": not an object of numbers and tokens");
  for (const auto& [id, token] : decoder.items()) {
    const std::string place = fmt::format("{}.{}", where, id);
    if (!token.is_object() || id.empty() || id.size() > 9 ||
        id.find_first_not_of("0123456789") != std::string::npos)
      throw UserError(place + ": not a token with a number");
    take_numbered(said, std::stoll(id), token_of(token, place), where);
  }
}

// Its fields go before those of tokenizer_config.json, and its objects are special tokens.
void read_special_tokens_map(const fs::path& folder, Said& said) {
  const fs::path file = folder / "special_tokens_map.json";
  if (!fs::exists(file)) return;
  const json map = read_json(file);
  if (!map.is_object()) throw UserError(file.string() + ": not a JSON object");
  for (const auto& [name, value] : map.items()) {
    json taken = value;
    if (value.is_object() && name != kExtra)
      taken.update({{"__type", "AddedToken"}, {"special", true}});
    if (name == kExtra && value.is_array()) {
      const json known = said.fields.value(kExtra, json());
      taken = known.is_array() ? known : json::array();
      for (json token : value) {
        if (token.is_object()) token.update({{"__type", "AddedToken"}, {"special", true}});
        if (std::ranges::find(taken, token) == taken.end()) taken.push_back(token);
      }
    }
    said.fields[name] = taken;
  }
}

const json* extra_of(const json& fields) {
  if (const auto found = fields.find(kExtra); found != fields.end()) return &*found;
  if (const auto found = fields.find(kOlderExtra); found != fields.end()) return &*found;
  return nullptr;
}

void read_added_tokens(const fs::path& folder, Said& said) {
  const fs::path file = folder / "added_tokens.json";
  if (!fs::exists(file)) return;
  std::set<std::string> special;
  const auto note = [&](const json& token) {
    if (token.is_string()) special.insert(token);
    if (token.is_object()) special.insert(token_of(token, file.string()).content);
  };
  for (const char* role : kRoles) note(said.fields.value(role, json()));
  if (const json* extra = said.fields.contains(kExtra) ? &said.fields.at(kExtra) : nullptr;
      extra && extra->is_array())
    std::ranges::for_each(*extra, note);
  const json added = read_json(file);
  if (!added.is_object()) throw UserError(file.string() + ": not an object of tokens and numbers");
  for (const auto& [text, id] : added.items()) {
    if (!id.is_number_unsigned())
      throw UserError(fmt::format("{}: \"{}\": not a number", file.string(), text));
    const bool is_special = special.contains(text);
    take_numbered(said, id, {text, false, is_special, !is_special}, file.string());
  }
}

void read_listed(const fs::path& folder, const json& listed, Said& said) {
  const std::string where = (folder / "tokenizer.json").string() + ": added_tokens";
  if (!listed.is_array()) throw UserError(where + ": not a list");
  for (const json& token : listed) {
    if (!token.is_object() || !token.contains("id") || !token.at("id").is_number_unsigned())
      throw UserError(fmt::format("{}: {} needs content and id", where, token.dump()));
    take_numbered(said, token.at("id"), token_of(token, where), where);
  }
}

// Where tokenizer_config.json lists the added tokens, no other file is asked.
Said read_all(const fs::path& folder, const json& config, const json& listed) {
  Said said{config, {}, {}};
  json& fields = said.fields;
  const json extra = fields.value(kExtra, json());
  if (fields.contains(kOlderExtra) && (extra.is_null() || extra.empty())) {
    fields[kExtra] = fields.at(kOlderExtra);
    fields.erase(kOlderExtra);
  }
  if (fields.contains("added_tokens_decoder")) {
    read_decoder(folder, said);
  } else {
    read_special_tokens_map(folder, said);
    read_added_tokens(folder, said);
    read_listed(folder, listed, said);
  }
  return said;
}

// A token of the config or the map; nullopt for null.
std::optional<Token> named_token(const json& value, const std::string& where) {
  if (value.is_null()) return std::nullopt;
  if (value.is_object() && value.value("__type", json()) != "AddedToken")
    throw UserError(where + ": is neither a text nor an AddedToken");
  return token_of(value, where);
}

std::map<std::string, Token> roles_of(const fs::path& folder, const Said& said) {
  std::map<std::string, Token> roles = {{"bos_token", {.content = "<|startoftext|>"}},
                                        {"eos_token", {.content = "<|endoftext|>"}},
                                        {"unk_token", {.content = "<|endoftext|>"}},
                                        {"pad_token", {.content = "<|endoftext|>"}}};
  for (const auto& [name, value] : said.fields.items()) {
    const std::string where = fmt::format("{}: {}", folder.string(), name);
    if (!is_role(name)) {
      if (name.ends_with("_token") && (value.is_string() || value.is_object()))
        throw UserError(where + ": CLIP's tokenizer has no such token; remove it");
      continue;
    }
    const std::optional<Token> token = named_token(value, where);
    if (!token && roles.contains(name)) throw UserError(where + " = null: needs a token");
    if (!token) continue;
    roles[name] = *token;
    for (const auto& [id, numbered] : said.numbered)
      if (numbered.content == token->content) roles[name] = numbered;
  }
  return roles;
}

// Every token in the order in which transformers adds it.
std::vector<Token> in_order(const fs::path& folder, const Said& said,
                            const std::map<std::string, Token>& roles) {
  std::vector<Token> tokens;
  std::set<std::string> numbered, named;
  for (const auto& [id, token] : said.numbered)
    tokens.push_back(token), numbered.insert(token.content);
  const auto add = [&](const Token& token) {
    if (!numbered.contains(token.content) && std::ranges::find(tokens, token) == tokens.end())
      tokens.push_back(token);
  };
  for (const char* role : kRoles)
    if (const auto found = roles.find(role); found != roles.end())
      add(found->second), named.insert(found->second.content);
  if (const json* extra = extra_of(said.fields); extra && !extra->is_null()) {
    const std::string where = fmt::format("{}: {}", folder.string(), kExtra);
    if (!extra->is_array()) throw UserError(where + ": is not supported but as a list of tokens");
    for (const json& value : *extra)
      if (const std::optional<Token> token = named_token(value, where)) add(*token);
  }
  for (Token& token : tokens) token.special = token.special || named.contains(token.content);
  return tokens;
}

}  // namespace

void add_tokens(const fs::path& folder, const json& config, const json& listed,
                TokenizerTables& tables) {
  const Said said = read_all(folder, config, listed);
  const std::map<std::string, Token> roles = roles_of(folder, said);
  for (const Token& token : in_order(folder, said, roles))
    tables.add_token(token.content, token.normalized());
  for (const auto& [id, token] : said.numbered)
    if (!token.content.empty() && tables.number_of(token.content) != id)
      throw UserError(fmt::format(
          "{}: \"{}\" has the number {}, and transformers gives it {}, the next that is free; "
          "write that number, or the tokens that are missing before it",
          said.where.at(id), token.content, id, tables.number_of(token.content)));
  const auto number = [&](const char* role) {
    const std::string& content = roles.at(role).content;
    if (content.empty()) throw UserError(fmt::format("{}: {} is empty", folder.string(), role));
    return tables.number_of(content);
  };
  tables.begin = number("bos_token");
  tables.end = number("eos_token");
  tables.unknown = number("unk_token");
  tables.pad = number("pad_token");
  if (const std::string& unknown = roles.at("unk_token").content;
      !tables.vocabulary.contains(unknown))
    throw UserError(
        fmt::format("{}: unk_token \"{}\" is not in the vocabulary", folder.string(), unknown));
}

}  // namespace sameseed
