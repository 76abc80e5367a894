// The samples of a plan, in the order in which they are made.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/plan/matrix.h"

namespace sameseed {

// Quality first, an environment at a time, so that each is loaded once; then the timing blocks,
// comparison by comparison. In a block the arms stand A B B A, so that drift of the device hits
// both. `seeds`: how many pairs of a comparison share a prompt.
nlohmann::json ordered_samples(const nlohmann::json& environments, const nlohmann::json& cases,
                               const nlohmann::json& comparisons, const Timing& timing,
                               std::size_t seeds);

}  // namespace sameseed
