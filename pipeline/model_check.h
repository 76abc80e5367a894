// What can be said of a model before anything of it is computed.
#pragma once

#include <nlohmann/json.hpp>

namespace sameseed {

// Reads a model as a load does, but for the values of its weights and for its sampler's fields:
// classes, configs, tokenizers, which weights there are and their headers. `load`: `model`, and
// `vae`, `variant` and `scheduler` where they are given. Throws UserError, as the load would, with
// what would do.
void check_model(const nlohmann::json& load);

}  // namespace sameseed
