// report.json (sameseed/report/2; schema/report.schema.json): the product, from which other
// programs read. Here types end and JSON begins.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"

namespace sameseed {

// Its fields: reports/FILES.md. What is not finite is null, with its word in `nonfinite`.
nlohmann::json report_json(const Summary& summary, const Verdict& verdict);

// Of its `effects`, and an axis with its values.
nlohmann::json effects_json(const Effects& effects);
nlohmann::json axis_json(const SweepAxis& axis);

// Its `sensitivity`.
nlohmann::json sensitivity_json(const Sensitivity& sensitivity);

// Its `verdict`, which report.html holds as well.
nlohmann::json verdict_json(const Verdict& verdict);

}  // namespace sameseed
