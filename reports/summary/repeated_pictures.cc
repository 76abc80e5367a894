#include "reports/summary/repeated_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/run/equal_pictures.h"
#include "reports/summary/labels.h"

namespace sameseed {
namespace {

std::string named(const RepeatedPicture& one) {
  constexpr std::size_t kMost = 40;
  std::size_t end = std::min(kMost, one.prompt.size());
  while (end > 0 && end < one.prompt.size() &&
         (static_cast<unsigned char>(one.prompt[end]) & 0xC0) == 0x80)
    --end;  // whole letters
  return fmt::format("\"{}{}\" seed {}", one.prompt.substr(0, end),
                     end < one.prompt.size() ? " ..." : "", one.seed);
}

}  // namespace

std::vector<RepeatedPictures> repeated_pictures(const RunIndex& run) {
  std::vector<RepeatedPictures> list;
  const PictureHashes pictures = picture_hashes(run.files());
  for (const MadeComparison& made : run.comparisons()) {
    std::vector<Pair> pairs;
    std::set<std::string> prompts;
    for (const MadePair& pair : made.pairs) {
      pairs.push_back(pair.planned);
      prompts.insert(pair.planned.observation());
    }
    const auto groups = equal_pictures(pairs, pictures);
    if (groups.empty()) continue;
    RepeatedPictures found{
        .comparison = made.planned->id,
        .label = fmt::format("{} against {}", made.label, against_label(made.planned->against)),
        .pairs = pairs.size(),
        .different = pairs.size(),
        .prompts = prompts.size(),
        .groups = {}};
    for (const auto& group : groups) {
      found.different -= group.size() - 1;
      found.groups.emplace_back();
      for (const std::size_t place : group)
        found.groups.back().push_back({pairs[place].prompt, pairs[place].seed});
    }
    list.push_back(std::move(found));
  }
  return list;
}

std::string told(const std::vector<RepeatedPictures>& repeated) {
  if (repeated.empty()) return "";
  const RepeatedPictures& first = repeated.front();
  const auto& alike = first.groups.front();
  const std::size_t repeats = first.pairs - first.different;
  std::string text = fmt::format(
      "pictures counted once: {} of {} pairs of {} {} another's, {} prompt{} left: {} and {} are "
      "equal to the byte in both arms",
      repeats, first.pairs, first.label, repeats == 1 ? "repeats" : "repeat", first.prompts,
      first.prompts == 1 ? " is" : "s are", named(alike[0]), named(alike[1]));
  if (repeated.size() > 1)
    text += fmt::format("; the like in {} more comparisons", repeated.size() - 1);
  return text;
}

}  // namespace sameseed
