// Which model a switch costs more, as tables for people.
#pragma once

#include <vector>

#include "reports/formats/report_table.h"
#include "reports/summary/sensitivity.h"

namespace sameseed {

// The ratios, and what else the models differ in.
std::vector<ReportTable> sensitivity_tables(const Sensitivity& sensitivity);

}  // namespace sameseed
