// How long samples will take, estimated from an earlier run or a probe.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace sameseed {

// What a case's time depends on: its environment and its request, all but prompt and seed.
std::string kind_of(const nlohmann::json& one_case);

// A time for each kind of case.
class ExpectedTimes {
 public:
  // Milliseconds of one sample of the case. What is not known is guessed from its work (steps x
  // pixels) and what is known; where that is nothing, the number is the work itself.
  double of(const nlohmann::json& one_case) const;
  bool knows(const nlohmann::json& one_case) const;

  // Adds what the samples of a run's records took (the median of each kind).
  void learn(const nlohmann::json& plan, const std::filesystem::path& records);

  nlohmann::json to_json() const;
  static ExpectedTimes from_json(const nlohmann::json& times);

 private:
  struct Kind {
    double ms = 0, work = 0;
  };
  std::map<std::string, Kind> kinds_;
};

// RUN/expected.json, or nothing known where there is none.
ExpectedTimes read_expected_times(const std::filesystem::path& run);
void write_expected_times(const std::filesystem::path& run, const ExpectedTimes& times);

}  // namespace sameseed
