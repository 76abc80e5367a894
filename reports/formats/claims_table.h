// What is said of the switches and what was measured, as a table for people.
#pragma once

#include <vector>

#include "reports/formats/report_table.h"
#include "reports/summary/tested_claims.h"

namespace sameseed {

ReportTable claims_table(const std::vector<TestedClaim>& claims);

}  // namespace sameseed
