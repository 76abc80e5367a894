// Statistics of scores, ordered by badness.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

struct Scored {
  double value;  // may be +infinity
  std::string case_id;
};

// {n, mean, median, worst5, worst, worst_case}: worst5 is the mean of the worst 5 %, at least of
// one. `better` is "higher" or "lower". In dB the mean is that of the mean squared error, so that
// one identical pair cannot hide a bad one. What is not finite is null, with the word in
// `nonfinite`.
nlohmann::json summarize(std::vector<Scored> scores, const std::string& better,
                         const std::string& unit);

double median(std::vector<double> values);

}  // namespace sameseed
