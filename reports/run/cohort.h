// What must be equal for two runs to be comparable.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reports/run/run_files.h"

namespace sameseed {

// Where an older version did not say; equal to nothing, itself included.
inline constexpr const char* kNotRecorded = "not recorded";

// A document of its own, kept as JSON: {hash, differs, ...}, the last start's cohort (recipe, host,
// version, `variables` that --keep-env let in), `workers` (of each engine and its load options:
// versions, threads, and the digests of the model's files and of an outside engine's program),
// `metrics` (definitions of those that could be computed), and the SHA-256 over all of it.
// `differs` names the fields in which the starts of the run, or workers of one engine, disagree;
// such a run has a hash like no other's.
nlohmann::json cohort_of(const RunFiles& files);

// What a recipe begins with. Those of older versions have none, and did not say which engine,
// options and variables stand in which arm.
inline constexpr const char* kRecipeFormat = "arms-";
bool is_older_recipe(const std::string& recipe);

// "it was made by another recipe (...)", as a reader of two cohorts may be told.
std::string other_recipe_text(const std::string& ours, const std::string& theirs);

// The recipe, and what it was made with: model, outside engines and variables, by content. Runs of
// one series have it in common.
std::string series_recipe(const nlohmann::json& cohort);

// "workers were given OMP_NUM_THREADS=1 (--keep-env)"; empty where they were given nothing.
std::string kept_variables_text(const nlohmann::json& cohort);

}  // namespace sameseed
