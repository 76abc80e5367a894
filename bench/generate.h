// Runs a plan: workers, noise, samples, records.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

struct GenerateOptions {
  std::vector<std::string> command;  // of the run, for its record
  bool quiet = false;
};

// Makes every sample of RUN/plan.json that RUN/records.jsonl does not hold yet. A sample that fails
// is a record; the sweep goes on. Returns how many samples failed (unsupported ones are none).
int generate(const std::filesystem::path& run, const GenerateOptions& options);

}  // namespace sameseed
