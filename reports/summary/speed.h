// Times of a comparison, from its A B B A blocks.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

struct Speed {
  // TIMING ("total_ms", "step_full_ms", "step_partial_ms", "text_ms", "decode_ms") -> the
  // candidate's statistics, `reference`'s, and `blocks`, `ratio`, `ratio_interval`. Steps are
  // averaged inside a sample first. A timing that no sample has is left out.
  nlohmann::json timings = nlohmann::json::object();
  nlohmann::json samples = nlohmann::json::array();   // those counted, each with its timings
  nlohmann::json invalid = nlohmann::json::object();  // reason -> how many samples carry it
  int broken_blocks = 0;   // not whole, or not made by one start of the program: not counted
  int invalid_blocks = 0;  // whole, but with samples that carry a reason: not counted
};

// `records` are the timing samples of one comparison. Only whole blocks count, four samples that
// are "ok" and of one start, and of these only those without a sample of an invalid environment.
Speed speed_of(const std::vector<const nlohmann::json*>& records);

// Block -> log of the candidate's time / the other arm's. `timed_samples` as in report.json; blocks
// that lack the timing in one of their four samples are left out.
std::map<std::size_t, double> log_ratios(const nlohmann::json& timed_samples,
                                         const std::string& timing);

// Names of all timings, in the order of a report.
const std::vector<std::string>& timing_names();

}  // namespace sameseed
