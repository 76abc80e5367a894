// The report of an accepted run, as gates judge by it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "reports/judge/gate.h"

namespace sameseed {

// Throws UserError, which names `where` (a file), for a text that is no report.json of this
// version.
nlohmann::json parse_accepted_report(const std::string& text, const std::string& where);
nlohmann::json read_accepted_report(const std::filesystem::path& file);

// Why the gate cannot compare `report` with `accepted`: another recipe, other files of the model,
// another definition of the metric; for timings also another machine. Not another version or
// driver: these are what one wants to judge. Empty where it can.
std::string incomparable(const Gate& gate, const nlohmann::json& report,
                         const nlohmann::json& accepted);

}  // namespace sameseed
