// The `load.` axes as they travel, and which of their values and combinations there are.
#pragma once

#include <nlohmann/json.hpp>

#include "pipeline/engine.h"

namespace sameseed {

nlohmann::json to_json(const LoadOptions& options);

// Throws UserError that names an unknown or mistyped field, or a value that it does not have.
LoadOptions read_load_options(const nlohmann::json& fields);

// Values that are good one by one may not go together: throws UserError that says which.
void check_together(const LoadOptions& options);

bool is_fp8(const LoadOptions& options);  // load.linear is "fp8" or "fp8-tensor"

}  // namespace sameseed
