// The values that an axis, or a field of a matrix's requests, can have.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/plan/axis_name.h"

namespace sameseed {

// Why a setting cannot have this value, or nothing.
std::string refusal_of(const BareAxisName& setting, const nlohmann::json& value);

// Equal for values that do the same: "3/branch:1" and "3/0/0", 5 and 5.0.
std::string meaning_of(const BareAxisName& setting, const nlohmann::json& value);

}  // namespace sameseed
