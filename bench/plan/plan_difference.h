// What makes two plans different, in words.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sameseed {

// Pure. The first reason that tells most: "the model is M, not L", "OMP_NUM_THREADS is \"1\", not
// unset (--keep-env)". `before` may be any object. Empty where none of these reasons is found.
std::string plan_difference(const nlohmann::json& before, const nlohmann::json& now);

}  // namespace sameseed
