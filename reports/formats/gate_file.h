// Gates as a gate file (schema/gate.schema.json).
#pragma once

#include <string>
#include <vector>

#include "reports/judge/gate.h"

namespace sameseed {

// One line a gate. Of gates on a metric with a number as their bound; their sample size is the
// first one's.
std::string gate_file_text(const std::vector<Gate>& gates);

}  // namespace sameseed
