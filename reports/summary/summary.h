// The summary of a run: the content of report.json, from which every other output is made. Schema
// id: sameseed/report/1 (schema/report.schema.json).
#pragma once

#include <nlohmann/json.hpp>

#include "reports/run/run_files.h"

namespace sameseed {

// Pure. All but the verdict (see gate.h).
nlohmann::json make_summary(const RunFiles& files);

}  // namespace sameseed
