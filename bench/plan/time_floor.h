// The floor of times: the reference against itself, in blocks like those of any comparison.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

namespace sameseed {

// A row for each environment of the reference that a comparison is timed against: {id, environment,
// pairs}, where both arms of a pair are the reference's case of the first such comparison. One
// process serves both arms, so that a row costs no load. None where `blocks` of a comparison are
// too few for a ratio, since there is nothing to hold against it. `cases` and `comparisons`: the
// plan's.
nlohmann::json time_floor_rows(const nlohmann::json& cases, const nlohmann::json& comparisons,
                               std::size_t blocks);

}  // namespace sameseed
