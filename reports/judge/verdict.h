// What a report comes to: an exit code and every cause.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/judge/gate.h"

namespace sameseed {

// Pure. {code, word, causes: [{kind, code, text, comparison?, gate?, sample?}], gates?,
// statistics?}. The code is that of the first cause in the order 1 usage, 2 quality, 3 performance
// (4: both), 8 switch not engaged, 7 infrastructure, 6 environment invalid, 5 inconclusive; 0:
// none. Without gates (none given, not an empty list) only 7 and 0 can come. Excluded and
// unsupported are no cause. `accepted` is the report that gates with a `baseline` are judged by, or
// null.
nlohmann::json verdict(const nlohmann::json& report, const std::optional<std::vector<Gate>>& gates,
                       const nlohmann::json* accepted = nullptr);

// A verdict with one more cause, that the gates could not be read.
nlohmann::json verdict_without_gates(const nlohmann::json& report, const std::string& error);

}  // namespace sameseed
