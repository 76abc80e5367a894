// A tokenizer's folder, read as transformers reads it.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/error.h"
#include "io/files.h"
#include "io/text.h"
#include "pipeline/text/tokenizer_tables.h"

namespace sameseed {
namespace {

using nlohmann::json;

bool flag(const json& token, const char* name, bool otherwise) {
  const auto found = token.find(name);
  return found != token.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

// tokenizer.json, which holds all. Returns its added tokens.
json read_single_file(const std::filesystem::path& path, TokenizerTables& tables) {
  const json file = read_json(path);
  const json model = file.contains("model") ? file.at("model") : json();
  if (!model.contains("vocab") || !model.contains("merges") || !model.at("merges").is_array())
    throw UserError(path.string() + ": model: needs vocab and merges");
  tables.add_vocabulary(model.at("vocab"), path.string());
  for (const json& merge : model.at("merges")) {
    const bool pair =
        merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
    if (!pair && !merge.is_string())
      throw UserError(
          fmt::format("{}: model.merges: {} is not two tokens", path.string(), merge.dump()));
    tables.add_merge(pair ? merge[0].get<std::string>() + " " + merge[1].get<std::string>()
                          : merge.get<std::string>(),
                     path.string());
  }
  return file.contains("added_tokens") ? file.at("added_tokens") : json::array();
}

void read_two_files(const std::filesystem::path& folder, TokenizerTables& tables) {
  const auto vocabulary = folder / "vocab.json", merges = folder / "merges.txt";
  tables.add_vocabulary(read_json(vocabulary), vocabulary.string());
  std::istringstream lines(read_text(merges));
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("#version") && !line.empty()) tables.add_merge(line, merges.string());
}

// The same token may have several roles; the last one decides how it is matched, as in
// transformers.
void read_roles(const std::filesystem::path& folder, const json& config, TokenizerTables& tables) {
  const auto map_file = folder / "special_tokens_map.json";
  const json map = std::filesystem::exists(map_file) ? read_json(map_file) : json::object();
  const auto special = [&](const char* role, const char* fallback) {
    const json& entry = map.contains(role)      ? map.at(role)
                        : config.contains(role) ? config.at(role)
                                                : map;
    const bool object = entry.contains("content") && entry.at("content").is_string();
    const std::string text = object              ? entry.at("content").get<std::string>()
                             : entry.is_string() ? entry.get<std::string>()
                                                 : fallback;
    const auto found = tables.vocabulary.find(text);
    if (found == tables.vocabulary.end())
      throw UserError(
          fmt::format("{}: {} \"{}\" is not in the vocabulary", folder.string(), role, text));
    tables.add_special(text, found->second, object && flag(entry, "normalized", false));
    return found->second;
  };
  tables.begin = special("bos_token", "<|startoftext|>");
  tables.end = special("eos_token", "<|endoftext|>");
  tables.unknown = special("unk_token", "<|endoftext|>");
  tables.pad = special("pad_token", "<|endoftext|>");
}

// Adds those of `added_tokens_decoder`, whose keys are their ids.
void add_decoder_tokens(const std::filesystem::path& folder, const json& config, json& added) {
  const auto decoder = config.find("added_tokens_decoder");
  if (decoder == config.end() || !decoder->is_object()) return;
  for (const auto& [id, token] : decoder->items()) {
    if (!token.is_object() || id.empty() || id.size() > 9 ||
        id.find_first_not_of("0123456789") != std::string::npos)
      throw UserError(fmt::format("{}: added_tokens_decoder.{}: not a token with a number",
                                  (folder / "tokenizer_config.json").string(), id));
    added.push_back(token);
    added.back()["id"] = std::stoll(id);
  }
}

void take_added_token(const std::filesystem::path& folder, const json& token,
                      TokenizerTables& tables) {
  if (!token.is_object() || !token.contains("content") || !token.at("content").is_string() ||
      !token.contains("id") || !token.at("id").is_number_integer())
    throw UserError(
        fmt::format("{}: added token {} needs content and id", folder.string(), token.dump()));
  for (const char* option : {"lstrip", "rstrip", "single_word"})
    if (flag(token, option, false))
      throw UserError(fmt::format("{}: added token {}: {} is not supported; set it to false",
                                  folder.string(), token.at("content").dump(), option));
  tables.add_special(token.at("content").get<std::string>(), token.at("id").get<std::int64_t>(),
                     flag(token, "normalized", !flag(token, "special", false)));
}

}  // namespace

TokenizerTables read_tokenizer(const std::filesystem::path& folder) {
  TokenizerTables tables;
  json added = json::array();
  if (const auto single_file = folder / "tokenizer.json";
      !std::filesystem::exists(folder / "vocab.json") && std::filesystem::exists(single_file))
    added = read_single_file(single_file, tables);
  else
    read_two_files(folder, tables);
  const json config = read_json(folder / "tokenizer_config.json");
  if (const auto length = config.find("model_max_length");
      length != config.end() && length->is_number())
    tables.length = static_cast<std::size_t>(std::clamp(length->get<double>(), 2.0, 77.0));
  read_roles(folder, config, tables);
  // A list of added tokens has the last word.
  add_decoder_tokens(folder, config, added);
  for (const json& token : added) take_added_token(folder, token, tables);
  return tables;
}

}  // namespace sameseed
