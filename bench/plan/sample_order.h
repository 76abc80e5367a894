// The samples of a plan, in the order in which they are made.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/plan/matrix.h"

namespace sameseed {

// Quality first, an environment at a time, so that each is loaded once; then one timing group after
// the other, in rounds: block 0 of each of its comparisons, block 1 of each, and so on, so that
// what comes and goes on the machine hits none of them alone. In a block the arms stand R C C R
// where its number is even and C R R C where it is odd: a steady drift of the device hits both arms
// alike in each block, and one that settles does so over two. `seeds`: how many pairs of a
// comparison share a prompt. `time_floor` as time_floor_rows() has it.
nlohmann::json ordered_samples(const nlohmann::json& environments, const nlohmann::json& cases,
                               const nlohmann::json& comparisons, const nlohmann::json& time_floor,
                               const Timing& timing, std::size_t seeds);

// How many prompts of a comparison with so many pairs are timed, in each of the matrix's blocks.
int timed_prompts(const Timing& timing, std::size_t pairs, std::size_t seeds);

}  // namespace sameseed
