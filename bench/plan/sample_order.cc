#include "bench/plan/sample_order.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/plan/cases.h"

namespace sameseed {
namespace {

using nlohmann::json;

json sample(const std::string& case_id, const char* kind, const json& comparison, int block,
            int position, const json& arm) {
  const json key = {{"case", case_id},
                    {"kind", kind},
                    {"comparison", comparison},
                    {"block", block},
                    {"position", position}};
  json result = key;
  result["id"] = id_of(key);
  result["arm"] = arm;
  return result;
}

// The block of one pair: R C C R where its number is even, C R R C where it is odd.
void add_block(const json& comparison, const json& pair, int block, json& samples) {
  const char *outer = "reference", *inner = "candidate";
  if (block % 2 == 1) std::swap(outer, inner);
  int position = 0;
  for (const char* arm : {outer, inner, inner, outer})
    samples.push_back(sample(pair.at(arm), "timing", comparison.at("id"), block, position++, arm));
}

// The comparisons that have pairs, those of one candidate environment side by side.
std::vector<const json*> by_environment(const json& comparisons, const json& cases) {
  std::map<std::string, std::string> environments;
  for (const json& made : cases) environments[made.at("id")] = made.at("environment");
  std::vector<std::string> known;
  std::vector<std::pair<std::size_t, const json*>> ranked;
  for (const json& comparison : comparisons) {
    if (comparison.at("pairs").empty()) continue;
    const std::string environment = environments[comparison.at("pairs").at(0).at("candidate")];
    const auto found = std::ranges::find(known, environment);
    ranked.emplace_back(found - known.begin(), &comparison);
    if (found == known.end()) known.push_back(environment);
  }
  std::ranges::stable_sort(ranked, {}, [](const auto& one) { return one.first; });
  std::vector<const json*> list;
  for (const auto& [rank, comparison] : ranked) list.push_back(comparison);
  return list;
}

}  // namespace

json ordered_samples(const json& environments, const json& cases, const json& comparisons,
                     const Timing& timing, std::size_t seeds) {
  json samples = json::array();
  for (const json& environment : environments)
    for (const json& made : cases)
      if (made.at("environment") == environment.at("id"))
        samples.push_back(sample(made.at("id"), "quality", nullptr, 0, 0, nullptr));
  const std::vector<const json*> timed = by_environment(comparisons, cases);
  for (int round = 0; round < timing.blocks; ++round)
    for (int prompt = 0; prompt < timing.prompts; ++prompt)
      for (const json* comparison : timed) {
        const json& pairs = comparison->at("pairs");
        if (const std::size_t pair = static_cast<std::size_t>(prompt) * seeds; pair < pairs.size())
          add_block(*comparison, pairs.at(pair), round * timing.prompts + prompt, samples);
      }
  return samples;
}

}  // namespace sameseed
