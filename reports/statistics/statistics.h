// Statistics of scores and times, ordered by badness, with confidence intervals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/statistics/estimate.h"
#include "reports/statistics/report_metric.h"

namespace sameseed {

struct Scored {
  double value;  // may be infinite, never NaN
  std::string case_id;
  std::string observation = {};  // the prompt, or the block; empty: it is one of its own
};

// All numbers may be infinite. Scores of one observation (the seeds of a prompt) are averaged
// first, so that mean, median and worst5 are those of observations. In dB means are those of the
// mean squared errors, so that one identical pair cannot hide a bad one.
struct Statistics {
  Estimate mean;  // `n` scores of `prompts` observations; its interval as interval_method() says
  double median = 0;
  double worst5 = 0;  // the mean of the worst 5 %, at least of one
  double worst = 0;   // of all scores
  std::string worst_case;
  // Where nearer is better both sides are bad: the lowest and the highest value.
  std::optional<Interval> range;

  std::size_t n() const { return mean.n; }
  // By its name in a gate file: "mean", "median", "worst5" or "worst"; nothing where there is no
  // number.
  std::optional<double> named(const std::string& statistic) const;
};

// Only `name`, `unit`, `better` and `identical` of the metric count. n = 0 without scores.
Statistics summarize(std::vector<Scored> scores, const ReportMetric& metric);

// The geometric mean of ratios that were taken block by block, and its interval, from their
// logarithms, which are finite. n = 0 without ratios. Everything that shows a ratio of times shows
// this mean; gates, effects and claims differ in the confidence of its interval.
Estimate summarize_log_ratios(const std::vector<double>& logs);

// How every interval of a report was made.
struct IntervalMethod {
  double confidence;
  const char* method;
  int resamples;
  std::uint64_t seed;
  const char* of;
};
IntervalMethod interval_method();

// Throws std::invalid_argument where there are none.
double median(std::vector<double> values);

// The value below which a standard normal variable lies with this probability; within -10 to 10.
double normal_quantile(double probability);

}  // namespace sameseed
