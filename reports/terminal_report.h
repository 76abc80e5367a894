// The report as a table that a person can read.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>

namespace sameseed {

void print_report(const nlohmann::json& report, std::ostream& out);

}  // namespace sameseed
