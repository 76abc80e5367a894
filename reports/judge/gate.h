// Thresholds over a report. Schema of the file: schema/gate.schema.json (sameseed/gate/1).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/statistics/setting.h"
#include "reports/summary/setting_class.h"

namespace sameseed {

// The loss, at most so many times that of a noise floor.
struct FloorBound {
  std::string floor;  // as in the report's `noise_floor`: "reference, second process"
  double times = 1;
};

struct Gate {
  bool is_timing = false;  // `name` is a timing, else a metric
  std::string name;        // "lpips.alex", "total_ms"; "class"
  // Each setting has this class or a better one; there is no statistic and no bound then.
  std::optional<SettingClass> wanted_class = {};
  std::string statistic;  // "mean", "median", "worst5", "worst"; of timings also "ratio"
  std::optional<double> at_most, at_least;
  std::optional<FloorBound> floor;  // at most, in loss
  // At most this much more loss than the accepted run has; of a ratio, as a part of it (0.03: 3 %).
  std::optional<double> baseline_margin;
  bool by_interval =
      false;  // judged by the interval of the statistic, else by the statistic itself
  // By interval: the chance of failing wrongly, over all settings together, and that of passing
  // wrongly.
  double alpha = 0.05;
  std::string against = "reference";  // or "switches_off"
  Setting where = {};                 // empty: every setting
  std::string because;
  int min_pairs = 1;  // of timings: whole A B B A blocks
  // The file's sample size: judged on so many prompts, the plan's first; nothing: on all there are.
  std::optional<int> prompts = {};
};

// Throws UserError that names file and field.
std::vector<Gate> read_gates(const std::filesystem::path& file);
std::vector<Gate> parse_gates(std::string_view text, const std::string& file);

// "lpips.alex mean at most 0.2"
std::string gate_label(const Gate& gate);

}  // namespace sameseed
