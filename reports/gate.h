// Thresholds over a report. Schema of the file: schema/gate.schema.json (sameseed/gate/1).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

struct Gate {
  bool is_timing = false;  // `name` is a timing, else a metric
  std::string name;        // "lpips.alex", "total_ms"
  std::string statistic;   // "mean", "median", "worst5", "worst"; of timings also "ratio"
  std::optional<double> at_most, at_least;
  std::string against = "reference";                // or "switches_off"
  nlohmann::json where = nlohmann::json::object();  // axis -> value; empty: every setting
  std::string because;
  int min_pairs = 1;  // of timings: whole A B B A blocks
};

// Throws UserError that names file and field.
std::vector<Gate> read_gates(const std::filesystem::path& file);
std::vector<Gate> parse_gates(std::string_view text, const std::string& file);

// What a gate found: causes as in the verdict (verdict.h), and how many comparisons it judged.
struct Judgement {
  nlohmann::json causes = nlohmann::json::array();
  int judged = 0, passed = 0, unsupported = 0;
};

// Pure. `number` is the gate's place in its file, from 0. A name that the report does not know or a
// `where` that fits no setting is a cause of kind "usage"; a value that is missing never passes.
Judgement judge(const Gate& gate, int number, const nlohmann::json& report);

// "lpips.alex mean at most 0.2"
std::string gate_label(const Gate& gate);

}  // namespace sameseed
