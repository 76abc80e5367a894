// The samples of a plan, in the order in which they are made.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/plan/matrix.h"

namespace sameseed {

// Quality first, an environment at a time, so that each is loaded once; then the timing blocks of
// one comparison after the other. In a block the arms stand R C C R where its number is even and
// C R R C where it is odd: a steady drift of the device hits both arms alike in each block, and one
// that settles does so over two. `seeds`: how many pairs of a comparison share a prompt.
nlohmann::json ordered_samples(const nlohmann::json& environments, const nlohmann::json& cases,
                               const nlohmann::json& comparisons, const Timing& timing,
                               std::size_t seeds);

}  // namespace sameseed
