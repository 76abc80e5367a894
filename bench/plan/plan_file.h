// plan.json as it comes back from disk, where anything may have happened to it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace sameseed {

// RUN/plan.json. Throws UserError that names file and field where it is not what make_plan makes:
// every field that a later stage reads is there with its type, and every id that one entry takes
// from another exists.
nlohmann::json read_plan(const std::filesystem::path& run);

// The same check, without the samples in memory.
void check_plan(const std::filesystem::path& run);

// Throws UserError where the plan is of an older version: nobody knows of what the samples that are
// there were made.
void check_format(const nlohmann::json& plan, const std::filesystem::path& run);

}  // namespace sameseed
