// The tokens that a tokenizer's folder adds to its vocabulary: roles (begin, end, padding), special
// tokens, and those of a textual inversion, from whichever of six places transformers reads them.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "pipeline/text/tokenizer_tables.h"

namespace sameseed {

// Adds them to `tables`, which hold the vocabulary, with the numbers and in the order of
// transformers 5 (TokenizersBackend). `config` is tokenizer_config.json; `listed` the
// `added_tokens` of tokenizer.json. Throws UserError that names what transformers would read
// otherwise: a number that it would not give, and matching that this program does not know.
void add_tokens(const std::filesystem::path& folder, const nlohmann::json& config,
                const nlohmann::json& listed, TokenizerTables& tables);

}  // namespace sameseed
