// report.json: what everything else is made from. Schema id: sameseed/report/1.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/record.h"

namespace sameseed {

// Pure. One entry a setting, with its scores and times against the reference and against the
// switches off.
nlohmann::json make_report(const RunFiles& files);

}  // namespace sameseed
