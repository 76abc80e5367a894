// What a series takes from a report.json: here JSON ends and types begin.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reports/history/series.h"

namespace sameseed {

// The numbers of a report. `files` tells the run's key: that of its first start.
SeriesRun series_run(const nlohmann::json& report, const nlohmann::json& first_start,
                     const std::string& folder);
std::vector<SeriesRow> series_rows(const nlohmann::json& report);

}  // namespace sameseed
