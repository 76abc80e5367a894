#include "bench/plan/prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "io/error.h"
#include "io/text.h"
#include "pipeline/text/prompt.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestPrompt = 100'000;  // bytes; an encoder reads 77 tokens

// Prompts and where each stands.
struct Prompts {
  std::vector<std::string> texts, places;
};

void add(Prompts& prompts, const std::string& file, const std::string& place, std::string prompt) {
  const std::string where = file + ": " + place;
  check_prompt(prompt, where);
  if (prompt.size() > kLongestPrompt)
    throw UserError(fmt::format("{}: is a prompt of {} bytes; at most {} are taken", where,
                                prompt.size(), kLongestPrompt));
  prompts.texts.push_back(std::move(prompt));
  prompts.places.push_back(place);
}

Prompts prompts_of_list(const json& list, const std::string& matrix) {
  Prompts prompts;
  for (const json& prompt : list)
    add(prompts, matrix, fmt::format("requests.prompts[{}]", prompts.texts.size()), prompt);
  return prompts;
}

Prompts prompts_of_lines(const std::string& text, const std::string& file) {
  Prompts prompts;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.empty() || line.front() == '#') continue;
    add(prompts, file, fmt::format("line {}", number), std::move(line));
  }
  return prompts;
}

}  // namespace

std::vector<std::string> read_prompts(const json& value, const std::filesystem::path& matrix) {
  const auto refuse = [&](const std::string& why) {
    return UserError(fmt::format("{}: requests.prompts: {}", matrix.string(), why));
  };
  Prompts prompts;
  if (value.is_array()) {
    prompts = prompts_of_list(value, matrix.string());
  } else {
    const std::filesystem::path file = matrix.parent_path() / value.get<std::string>();
    std::string text;
    try {
      text = read_text(file);
    } catch (const UserError& error) {
      throw refuse(error.what());
    }
    prompts = prompts_of_lines(text, file.string());
  }
  if (prompts.texts.empty()) throw refuse(value.dump() + " holds no prompt; write one a line");
  std::map<std::string, std::string> known;  // prompt -> where it stands
  for (std::size_t i = 0; i < prompts.texts.size(); ++i) {
    const auto [before, fresh] = known.emplace(prompts.texts[i], prompts.places[i]);
    if (!fresh)
      throw refuse(fmt::format("the prompt at {} stands at {} already; remove one",
                               prompts.places[i], before->second));
  }
  return std::move(prompts.texts);
}

}  // namespace sameseed
