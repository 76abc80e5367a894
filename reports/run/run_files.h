// A run's files as the report reads them (reports/FILES.md).
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sameseed {

struct RunFiles {
  std::string folder;
  nlohmann::json plan;
  std::vector<nlohmann::json> starts;             // the run records, one a start of the program
  std::map<std::string, nlohmann::json> samples;  // sample id -> its newest record
  std::vector<nlohmann::json> workers;            // their records, in order
  std::optional<nlohmann::json> scorer;           // its record, where the run was scored
  std::map<std::pair<std::string, std::string>, nlohmann::json>
      scores;  // candidate case, reference case
};

// Half lines (of a crash), NUL bytes (of a power loss) and records of an unknown type are passed
// over. Throws UserError where plan.json cannot be read.
RunFiles read_run(const std::filesystem::path& folder);

}  // namespace sameseed
