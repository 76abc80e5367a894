// A run's files as the report reads them (reports/FILES.md).
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace sameseed {

struct RunFiles {
  std::string folder;
  nlohmann::json plan;
  nlohmann::json run = nlohmann::json::object();     // the last run record
  std::map<std::string, nlohmann::json> samples;     // sample id -> its newest record
  std::map<std::string, nlohmann::json> workers;     // environment id -> its newest worker record
  nlohmann::json metrics = nlohmann::json::array();  // as the scorer describes them
  std::map<std::pair<std::string, std::string>, nlohmann::json>
      scores;  // candidate case, reference case
  bool scored = false;
};

// Half lines (of a crash) are passed over. Throws UserError where plan.json cannot be read.
RunFiles read_run(const std::filesystem::path& folder);

}  // namespace sameseed
