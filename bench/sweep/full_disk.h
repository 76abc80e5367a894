// Whether a sample failed for want of space.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace sameseed {

// Its record says so in the words of the system or of a library, or its picture has no room in the
// `space` (bytes) that is free. A crash on a disk that is nearly full may be the engine's own.
bool is_for_want_of_space(const nlohmann::json& record, const nlohmann::json& request,
                          std::uintmax_t space);

}  // namespace sameseed
