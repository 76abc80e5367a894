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

}  // namespace sameseed
