// What may be wrong in a run's folder that somebody else hands over, or that a disk or a hand
// spoilt.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sameseed::faults {

// A run, and what lies outside of it and no command may touch.
struct Place {
  std::filesystem::path run, outside;
};

struct Row {
  std::string what;  // "plan.json: a FIFO in its place"
  // Whoever refuses the run because of it says one of these.
  std::vector<std::string> names;
  std::function<void(const Place&)> spoil;
};

// Every row for this run: each file in each way, and `changes` seeded changes of a value in each
// JSON file.
std::vector<Row> hostile_rows(const std::filesystem::path& run, std::size_t changes,
                              std::uint64_t seed);

}  // namespace sameseed::faults
