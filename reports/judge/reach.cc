#include "reports/judge/reach.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/judge/gate_interval.h"
#include "reports/statistics/fewest_blocks.h"

namespace sameseed {
namespace {

struct Need {
  std::size_t wanted, there;
  const char* what;
};

Need need_of(const Gate& gate, const PlannedObservations& planned) {
  if (gate.is_timing) {
    std::size_t wanted =
        gate.by_interval ? fewest_to_pass(gate) : static_cast<std::size_t>(gate.min_pairs);
    if (gate.statistic == "ratio") wanted = std::max(wanted, kFewestBlocks);
    return {wanted, planned.blocks, "blocks"};
  }
  if (gate.prompts && static_cast<std::size_t>(*gate.prompts) > planned.prompts)
    return {static_cast<std::size_t>(*gate.prompts), planned.prompts, "prompts"};
  // A setting of whatever class may prove bit-equal.
  if (gate.wanted_class) return {1, planned.pairs, "pairs"};
  if (!gate.by_interval) return {static_cast<std::size_t>(gate.min_pairs), planned.pairs, "pairs"};
  const std::size_t judged =
      std::min(planned.prompts,
               static_cast<std::size_t>(gate.prompts.value_or(static_cast<int>(planned.prompts))));
  return {fewest_to_pass(gate), judged, "prompts"};
}

// lpips 0.1.4 of eight of scikit-image's photographs at 512 x 512, each with each other.
constexpr double kLeastOfStrangers = 0.67, kMostOfStrangers = 0.92;

}  // namespace

std::vector<std::string> gates_out_of_reach(const std::vector<Gate>& gates,
                                            const PlannedObservations& planned) {
  std::vector<std::string> lines;
  for (const Gate& gate : gates)
    if (const Need need = need_of(gate, planned); need.there < need.wanted)
      lines.push_back(fmt::format("{}: needs {} {}, it has {} here", gate_label(gate), need.wanted,
                                  need.what, need.there));
  return lines;
}

std::vector<std::string> gates_that_hardly_fail(const std::vector<Gate>& gates) {
  std::vector<std::string> lines;
  for (const Gate& gate : gates)
    if (gate.name == "lpips.alex" && gate.at_most.value_or(0) >= kLeastOfStrangers)
      lines.push_back(fmt::format(
          "{}: photographs that have nothing in common have {:g} to {:g}, so it hardly fails any",
          gate_label(gate), kLeastOfStrangers, kMostOfStrangers));
  return lines;
}

}  // namespace sameseed
