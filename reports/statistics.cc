#include "reports/statistics.h"

#include <algorithm>
#include <cmath>

namespace sameseed {
namespace {

using nlohmann::json;

double mean(const std::vector<Scored>& scores, std::size_t count, bool decibel) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i)
    sum += decibel ? std::pow(10.0, -scores[i].value / 10) : scores[i].value;
  sum /= static_cast<double>(count);
  return decibel ? -10 * std::log10(sum) : sum;
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

json summarize(std::vector<Scored> scores, const std::string& better, const std::string& unit) {
  json result = {{"n", scores.size()}};
  if (scores.empty()) return result;
  const bool higher = better == "higher", decibel = unit == "dB";
  std::stable_sort(scores.begin(), scores.end(), [&](const Scored& a, const Scored& b) {
    return higher ? a.value < b.value : a.value > b.value;
  });
  const auto tail = std::max<std::size_t>(
      1, static_cast<std::size_t>(std::ceil(static_cast<double>(scores.size()) * 0.05)));
  std::vector<double> values;
  for (const Scored& score : scores) values.push_back(score.value);
  const std::pair<const char*, double> numbers[] = {{"mean", mean(scores, scores.size(), decibel)},
                                                    {"median", median(values)},
                                                    {"worst5", mean(scores, tail, decibel)},
                                                    {"worst", scores.front().value}};
  for (const auto& [name, value] : numbers) {
    result[name] = std::isfinite(value) ? json(value) : json();
    if (!std::isfinite(value)) result["nonfinite"][name] = value > 0 ? "+inf" : "-inf";
  }
  result["worst_case"] = scores.front().case_id;
  return result;
}

}  // namespace sameseed
