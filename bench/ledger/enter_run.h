// A run's report as an entry of the ledger.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/ledger/ledger.h"

namespace sameseed {

// The report.json of a run's folder. Throws UserError where it is not there or none of this schema.
nlohmann::json read_report(const std::string& run);

// Takes the run into the ledger, says so in a line on `out`, and returns the run's key.
std::string enter_run(Ledger& ledger, const std::string& run, std::ostream& out);

}  // namespace sameseed
