// One entry of a report: what a setting costs and buys against its counterpart.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reports/run/run_index.h"
#include "reports/summary/noise_floor.h"

namespace sameseed {

// `comparison` as in the plan. Its fields: reports/FILES.md, report.json.
nlohmann::json comparison_entry(const nlohmann::json& comparison, const RunIndex& run,
                                const NoiseFloor& floor);

// The command that makes a case again.
std::string repeat_command(const RunFiles& files, const std::string& case_id,
                           const std::string& picture);

}  // namespace sameseed
