// A matrix's prompts: a list of texts, or a file with a prompt a line.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sameseed {

// `value` is a list of texts or the name of a file, counted from the folder of `matrix`. Empty
// lines and lines that begin with # are skipped. Throws UserError, which names the file and the
// place, for no prompt, one that stands twice, one of more than 100,000 bytes, and what
// check_prompt refuses.
std::vector<std::string> read_prompts(const nlohmann::json& value,
                                      const std::filesystem::path& matrix);

}  // namespace sameseed
