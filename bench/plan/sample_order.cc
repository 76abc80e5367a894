#include "bench/plan/sample_order.h"

#include <algorithm>
#include <string>
#include <utility>

#include "bench/plan/cases.h"
#include "bench/plan/timing_groups.h"

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

}  // namespace

int timed_prompts(const Timing& timing, std::size_t pairs, std::size_t seeds) {
  return std::min(timing.prompts, static_cast<int>(pairs / seeds));
}

json ordered_samples(const json& environments, const json& cases, const json& comparisons,
                     const json& time_floor, const Timing& timing, std::size_t seeds) {
  json samples = json::array();
  for (const json& environment : environments)
    for (const json& made : cases)
      if (made.at("environment") == environment.at("id"))
        samples.push_back(sample(made.at("id"), "quality", nullptr, 0, 0, nullptr));
  for (const TimingGroup& group : timing_groups(cases, comparisons, time_floor)) {
    const int prompts = timed_prompts(timing, group.front()->at("pairs").size(), seeds);
    for (int block = 0; block < timing.blocks; ++block)
      for (int prompt = 0; prompt < prompts; ++prompt)
        for (const json* row : group)
          add_block(*row, row->at("pairs").at(static_cast<std::size_t>(prompt) * seeds),
                    block * timing.prompts + prompt, samples);
  }
  return samples;
}

}  // namespace sameseed
