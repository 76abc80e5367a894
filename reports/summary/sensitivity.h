// Models as an axis: which of two models a switch costs more, each against its own reference.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/run_index.h"
#include "reports/statistics/estimate.h"
#include "reports/statistics/report_metric.h"
#include "reports/statistics/setting.h"

namespace sameseed {

struct Comparison;

// The axis whose values are models.
inline constexpr const char* kModelsAxis = "both.load.model";

// Ratios of losses within 1 / this and this are equal: nobody chooses a model for less.
inline constexpr double kSensitivityMargin = 1.5;

// What makes a ratio of losses lie: models differ in more than how they bear a switch.
struct ModelFacts {
  std::string model;
  std::string sampler;                         // its class; empty: the worker does not say
  std::optional<double> guidance, steps;       // absent: several
  std::optional<double> contrast;              // of the reference's pictures, in levels (mean)
  std::optional<double> latents_deviation;     // of the reference's final latents (mean)
  std::map<std::string, double> switches_off;  // mean loss by metric, nothing switched on
  std::map<std::string, double> floor;         // the largest floor's mean loss by metric
};

// One metric of one row. `ratio`: the geometric mean over the prompts of A's loss over B's.
struct SensitivityOn {
  Estimate ratio;            // n prompts that have both losses
  std::string answer;        // "A more sensitive", "B more sensitive", "equal within the margin",
                             // "not shown", "too few", or "no loss": neither model has any
  std::size_t replaced = 0;  // losses that were exactly 0: half of the smallest stands for them
  double spread = 0;         // standard deviation of the logarithm from prompt to prompt
  std::optional<double> needed = {};  // prompts that would show a ratio of this size
};

// What two models lost by one switch: prompt -> a pair of losses (A's, B's; >= 0 and finite) for
// each setting of the other axes.
struct ModelLosses {
  std::string a, b;  // models
  std::map<std::string, std::vector<std::pair<double, double>>> by_prompt = {};
};

// One answer a row; their intervals hold together.
std::vector<SensitivityOn> ratios_of_losses(const std::vector<ModelLosses>& rows);

struct SensitivityRow {
  Setting levels;    // one switch, all others off; empty: all off
  std::string a, b;  // models
  std::map<std::string, SensitivityOn> by_metric = {};
};

struct Sensitivity {
  std::optional<std::string> headline;  // the metric that answers
  std::vector<ModelFacts> models;       // in the axis's order
  std::vector<SensitivityRow> rows;     // of each two models
};

// Nothing where the matrix does not vary both.load.model. All intervals of a metric hold together
// at 95 % (paired_bootstrap.h over the prompts, on the logarithms). Prompts that became equal count
// once; settings that differ in other axes are averaged.
std::optional<Sensitivity> sensitivity_of(const RunIndex& run,
                                          const std::vector<Comparison>& comparisons,
                                          const std::vector<SweepAxis>& axes,
                                          const std::vector<ReportMetric>& metrics,
                                          const std::optional<std::string>& headline);

}  // namespace sameseed
