// Which gates no run of a matrix can pass, whatever its pictures, and which hardly any can fail:
// told before a night is spent.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/judge/gate.h"

namespace sameseed {

// What each comparison of a plan will have at most.
struct PlannedObservations {
  std::size_t prompts = 0;  // different ones, by their token ids
  std::size_t pairs = 0;
  std::size_t blocks = 0;  // of times
};

// A line for each such gate, which says what it needs: "lpips.alex worst5 at most 0.01, by
// interval: needs 59 prompts, it has 12 here".
std::vector<std::string> gates_out_of_reach(const std::vector<Gate>& gates,
                                            const PlannedObservations& planned);

// A line for each gate that bounds lpips.alex above what pictures have that have nothing in common:
// "lpips.alex worst5 at most 1.8: ...".
std::vector<std::string> gates_that_hardly_fail(const std::vector<Gate>& gates);

}  // namespace sameseed
