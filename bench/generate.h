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

// The command line of a worker for this engine: one of ours, or an outside program.
std::vector<std::string> worker_command(const std::string& engine);

}  // namespace sameseed
