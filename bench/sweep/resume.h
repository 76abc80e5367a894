// What earlier starts of a run made, so that it goes on from there.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace sameseed {

struct MadeBefore {
  std::set<std::string> finished;  // samples that need no second making
  struct Time {
    std::string environment;
    std::chrono::milliseconds time;
  };
  std::vector<Time> times;  // of the samples that came out well
  std::string passed_over;  // which lines of the log cannot be; empty: none
};

// A sample is finished where its newest record says so and its files are still those it names (by
// SHA-256). A timing block that one start of the program did not make whole, or in which the device
// was throttled or shared, is not.
MadeBefore read_made_before(const std::filesystem::path& run, const nlohmann::json& plan);

}  // namespace sameseed
