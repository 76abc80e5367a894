// The effects of switches as a table for people: "this switch costs ... and buys ...".
#pragma once

#include "reports/formats/report_table.h"
#include "reports/summary/effects.h"

namespace sameseed {

// Main effects, and interactions that show; dearest first. Without rows where nothing was varied or
// measured.
ReportTable effect_table(const Effects& effects);

}  // namespace sameseed
