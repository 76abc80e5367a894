// A tokenizer's folder, read as transformers reads it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "io/error.h"
#include "io/files.h"
#include "io/text.h"
#include "pipeline/text/added_tokens.h"
#include "pipeline/text/tokenizer_tables.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kMostTokens = 1 << 16;

// tokenizer.json, which holds all. Returns its added tokens.
json read_single_file(const std::filesystem::path& path, TokenizerTables& tables) {
  const json file = read_json(path);
  for (const char* option : {"padding", "truncation"})
    if (const json& own = file.contains(option) ? file.at(option) : json();
        own.is_object() && own.value("direction", json("Right")) != "Right")
      throw UserError(fmt::format("{}: {}.direction = {}: is not supported (supported: \"Right\")",
                                  path.string(), option, own.at("direction").dump()));
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
  const std::string text = read_text(merges);
  if (is_lfs_pointer(text)) throw UserError(fmt::format("{}: {}", merges.string(), kLfsPointer));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("#version") && !line.empty()) tables.add_merge(line, merges.string());
}

// What transformers would do otherwise than this program.
void refuse_other_options(const std::filesystem::path& file, const json& config) {
  const auto refuse = [&](const char* name, const char* what) {
    throw UserError(
        fmt::format("{}: {} = {}: {}", file.string(), name, config.at(name).dump(), what));
  };
  for (const char* name : {"padding_side", "truncation_side"})
    if (config.contains(name) && config.at(name) != "right")
      refuse(name, "is not supported (supported: \"right\")");
  if (config.contains("split_special_tokens") && !config.at("split_special_tokens").is_null() &&
      config.at("split_special_tokens") != false)
    refuse("split_special_tokens", "is not supported (supported: false)");
  for (const char* name : {"vocab", "merges", "tokenizer_object", "gguf_file", "tokenizer_padding",
                           "tokenizer_truncation", "post_processor", "init_inputs",
                           "fast_tokenizer_files", "model_specific_special_tokens"})
    if (config.contains(name) && !config.at(name).is_null() && !config.at(name).empty())
      refuse(name, "is not supported; remove it");
}

// How many ids a text becomes. Without it diffusers asks for 10^30.
std::size_t length_of(const std::filesystem::path& file, const json& config) {
  const char* name = config.contains("model_max_length") ? "model_max_length" : "max_len";
  const json length = config.value(name, json());
  if (!length.is_number_integer() || length < 2 || length > kMostTokens)
    throw UserError(
        fmt::format("{}: {} = {}: needs a whole number between 2 and {}, how many tokens the text "
                    "encoders take (SDXL: 77)",
                    file.string(), "model_max_length", length.dump(), kMostTokens));
  return length.get<std::size_t>();
}

}  // namespace

TokenizerTables read_tokenizer(const std::filesystem::path& folder) {
  TokenizerTables tables;
  const auto config_file = folder / "tokenizer_config.json";
  json added = json::array();
  if (const auto single_file = folder / "tokenizer.json"; std::filesystem::exists(single_file))
    added = read_single_file(single_file, tables);
  else
    read_two_files(folder, tables);
  const json config = read_json(config_file);
  if (!config.is_object()) throw UserError(config_file.string() + ": not a JSON object");
  refuse_other_options(config_file, config);
  tables.length = length_of(config_file, config);
  add_tokens(folder, config, added, tables);
  return tables;
}

}  // namespace sameseed
