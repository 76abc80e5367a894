// What a run will do: a matrix unrolled into environments, cases, samples and comparisons. Pure;
// its JSON is plan.json, described in reports/FILES.md.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/plan/matrix.h"

namespace sameseed {

// Of plan.json; that of an older version can be reported and compared, and not gone on with.
inline constexpr const char *kPlanSchema = "sameseed/plan/2", *kOlderPlanSchema = "sameseed/plan/1";

// `load` holds what the command line fixes for both arms: model, and vae and variant where given.
nlohmann::json make_plan(const Matrix& matrix, const nlohmann::json& load);

// kRecipeFormat and the SHA-256 of what a plan makes and compares, and of which engine, load
// options, variables and requests stand in which arm of each comparison, less where its model lies:
// equal for the same sweep on another machine.
std::string recipe_of(const nlohmann::json& plan);

}  // namespace sameseed
