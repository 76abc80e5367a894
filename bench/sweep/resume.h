// What earlier starts of a run left behind: from which it goes on.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace sameseed {

struct History {
  std::set<std::string> finished;  // samples that need no second making
  struct Took {
    std::string environment;
    std::chrono::milliseconds time;
  };
  std::vector<Took> times;  // of the samples that are well
};

// A sample is finished where its newest record says so and its files are still those it names (by
// SHA-256). A timing block that one start of the program did not make whole, or in which the device
// was throttled or shared, is not.
History read_history(const std::filesystem::path& run, const nlohmann::json& plan);

// {"image": SHA-256, "latents": ..., "trace": ...} of what a request wrote, with its paths read
// from the request. Throws WorkerFailure ("incomplete") where a file is missing or the picture is
// not whole. An engine that has no latents need not write them.
nlohmann::json check_files(const nlohmann::json& request, bool has_latents = true);

}  // namespace sameseed
