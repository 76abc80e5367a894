// Statistics of scores and times, ordered by badness, with confidence intervals.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

struct Scored {
  double value;  // may be infinite, never NaN
  std::string case_id;
};

// What the numbers mean.
struct Scale {
  std::string better;  // "higher", "lower", or "nearer": to `identical`
  std::string unit;    // "dB": the mean is the dB of the mean of mean squared errors
  double identical{};  // the value for identical images; used where `better` is "nearer"
};

// That of one entry of the report's `metrics`.
Scale scale_of(const nlohmann::json& metric);

// {n, mean, median, worst5, worst, worst_case, interval}: worst5 is the mean of the worst 5 %, at
// least of one. In dB one identical pair so cannot hide a bad one. Where `better` is "nearer" both
// sides are bad: `lowest` and `highest` say how far each goes. `interval` {low, high} is that of
// the mean (see interval_definition), null with a word in `interval_absent` where n < 2. What is
// not finite is null, with the word in `nonfinite`. Without scores only {n: 0}.
nlohmann::json summarize(std::vector<Scored> scores, const Scale& scale);

// {n, ratio, interval}: the median of ratios that were taken block by block, and its interval.
nlohmann::json summarize_ratios(const std::vector<double>& ratios);

// Level, method, resamples and seed of every interval, as the report states them.
nlohmann::json interval_definition();

// Throws std::invalid_argument where there are none.
double median(std::vector<double> values);

// The value below which a standard normal variable lies with this probability; within -10 to 10.
double normal_quantile(double probability);

}  // namespace sameseed
