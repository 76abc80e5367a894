#include "reports/summary/cut_prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

constexpr std::size_t kMostNamed = 3, kLongest = 60;  // prompts, bytes of one

std::size_t number_behind(const std::string& text, const std::string& words) {
  const std::size_t at = text.find(words);
  std::size_t value = 0;
  if (at != std::string::npos)
    std::from_chars(text.data() + at + words.size(), text.data() + text.size(), value);
  return value;
}

// "the prompt is longer than 77 tokens: its last 38 tokens were cut off", in the words of
// pipeline/sdxl_pipeline.cc and of bench/engines/.
std::optional<CutPrompt> cut_in(const std::string& warning, const std::string& which,
                                const std::string& prompt) {
  if (!warning.starts_with("the " + which + " is longer than ")) return std::nullopt;
  return CutPrompt{.prompt = prompt,
                   .tokens = number_behind(warning, "longer than "),
                   .lost = number_behind(warning, "its last ")};
}

// Its start and its end, in whole letters: prompts of a list often begin alike.
std::string shortened(const std::string& text) {
  const std::string line = one_line(text);
  if (line.size() <= kLongest) return line;
  const auto is_inside_letter = [&](std::size_t at) {
    return at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80;
  };
  std::size_t start = 2 * kLongest / 3, end = line.size() - kLongest / 3;
  while (start > 0 && is_inside_letter(start)) --start;
  while (is_inside_letter(end)) ++end;
  return line.substr(0, start) + " ... " + line.substr(end);
}

std::string named(const std::vector<CutPrompt>& prompts) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kMostNamed, prompts.size()); ++i)
    text += fmt::format("{}\"{}\" ({} more)", i == 0 ? "" : ", ", shortened(prompts[i].prompt),
                        prompts[i].lost);
  if (prompts.size() > kMostNamed)
    text += fmt::format(" and {} others", prompts.size() - kMostNamed);
  return text;
}

}  // namespace

CutPrompts cut_prompts(const RunFiles& files) {
  std::map<std::string, CutPrompt> cut, negatives;  // prompt -> what became of it
  std::map<std::string, const PlannedCase*> cases;
  for (const PlannedCase& one : files.plan.cases) cases[one.id] = &one;
  for (const auto& [id, record] : files.samples) {
    const auto planned = cases.find(record.case_id);
    if (record.warnings.empty() || planned == cases.end()) continue;
    const nlohmann::json& request = planned->second->request;
    const auto prompt = [&](const char* name) {
      const auto found = request.find(name);
      return found != request.end() && found->is_string() ? found->get<std::string>() : "";
    };
    for (const std::string& warning : record.warnings) {
      if (const auto found = cut_in(warning, "prompt", prompt("prompt")))
        cut.emplace(found->prompt, *found);
      if (const auto found = cut_in(warning, "negative prompt", prompt("negative")))
        negatives.emplace(found->prompt, *found);
    }
  }
  CutPrompts result;
  std::set<std::string> known;
  for (const PlannedCase& one : files.plan.cases) {
    const std::string prompt = one.request.value("prompt", "");
    if (!known.insert(prompt).second) continue;
    if (const auto found = cut.find(prompt); found != cut.end())
      result.cut.push_back(found->second);
  }
  result.of = known.size();
  for (const auto& [prompt, found] : negatives) result.negatives.push_back(found);
  return result;
}

std::string told(const CutPrompts& prompts) {
  std::string text;
  if (!prompts.cut.empty())
    text = fmt::format("{} of {} prompts {} cut at {} tokens: {}", prompts.cut.size(), prompts.of,
                       prompts.cut.size() == 1 ? "was" : "were", prompts.cut.front().tokens,
                       named(prompts.cut));
  if (!prompts.negatives.empty())
    text += fmt::format("{}the negative prompt was cut at {} tokens: {}", text.empty() ? "" : "; ",
                        prompts.negatives.front().tokens, named(prompts.negatives));
  return text;
}

}  // namespace sameseed
