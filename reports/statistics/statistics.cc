#include "reports/statistics/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <stdexcept>

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kResamples = 1000;
constexpr double kLevel = 0.95;
constexpr std::uint64_t kSeed = 1;

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double squared_error(double decibel) { return std::pow(10.0, -decibel / 10); }
double decibel(double squared_error) { return -10 * std::log10(squared_error); }

// The mean as the scale defines it.
double mean(std::vector<double> values, const Scale& scale) {
  if (scale.unit != "dB") return mean(values);
  for (double& value : values) value = squared_error(value);
  return decibel(mean(values));
}

double median_in_place(std::span<double> values) {
  const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), half, values.end());
  if (values.size() % 2) return *half;
  return (*std::max_element(values.begin(), half) + *half) / 2;
}

void put(json& result, const char* name, double value) {
  result[name] = std::isfinite(value) ? json(value) : json();
  if (!std::isfinite(value))
    result["nonfinite"][name] = std::isnan(value) ? "nan" : value > 0 ? "+inf" : "-inf";
}

// Percentile bootstrap: the statistic of kResamples drawings with replacement.
template <typename Statistic>
std::pair<double, double> bootstrap(const std::vector<double>& values, Statistic statistic) {
  // The generator's sequence is fixed by the standard; standard distributions are not, so the
  // upper bits are scaled by hand.
  std::mt19937_64 random(kSeed);
  std::vector<double> drawn(values.size()), results(kResamples);
  for (double& result : results) {
    for (double& value : drawn) {
      const std::uint64_t upper = random() >> 32;
      value = values[(upper * values.size()) >> 32];
    }
    result = statistic(drawn);
  }
  std::sort(results.begin(), results.end());
  const auto outside = static_cast<std::size_t>(kResamples * (1 - kLevel) / 2);
  return {results[outside], results[kResamples - 1 - outside]};
}

void put_interval(json& result, double low, double high) {
  result["interval"] = json::object();
  put(result["interval"], "low", low);
  put(result["interval"], "high", high);
}

void put_no_interval(json& result, const char* why) {
  result["interval"] = nullptr;
  result["interval_absent"] = why;
}

void put_mean_interval(json& result, std::vector<double> values, const Scale& scale) {
  if (values.size() < 2) return put_no_interval(result, "fewer than 2 values");
  const auto of_mean = [](std::span<const double> drawn) { return mean(drawn); };
  if (scale.unit == "dB") {
    for (double& value : values) value = squared_error(value);
    const auto [low, high] = bootstrap(values, of_mean);
    return put_interval(result, decibel(high), decibel(low));
  }
  for (const double value : values)
    if (!std::isfinite(value)) return put_no_interval(result, "not all values are finite");
  const auto [low, high] = bootstrap(values, of_mean);
  put_interval(result, low, high);
}

}  // namespace

Scale scale_of(const json& metric) {
  const auto identical = metric.find("identical");
  const bool stated = identical != metric.end() && identical->is_number();
  return {.better = metric.at("better"),
          .unit = metric.at("unit"),
          .identical = stated ? identical->get<double>() : 0};
}

double median(std::vector<double> values) {
  if (values.empty()) throw std::invalid_argument("median of nothing");
  return median_in_place(values);
}

double normal_quantile(double probability) {
  double low = -10, high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < probability ? low : high) = middle;
  }
  return low;
}

json interval_definition() {
  return {{"level", kLevel},
          {"method", "percentile bootstrap"},
          {"resamples", kResamples},
          {"seed", kSeed},
          {"of",
           "the mean over pairs or timed samples (in dB: of the mean squared errors); for ratios "
           "the median "
           "over A B B A blocks"}};
}

json summarize(std::vector<Scored> scores, const Scale& scale) {
  json result = {{"n", scores.size()}};
  if (scores.empty()) return result;
  const auto badness = [&](const Scored& score) {
    if (scale.better == "nearer") return std::abs(score.value - scale.identical);
    return scale.better == "higher" ? -score.value : score.value;
  };
  std::stable_sort(scores.begin(), scores.end(),
                   [&](const Scored& a, const Scored& b) { return badness(a) > badness(b); });
  std::vector<double> values;
  for (const Scored& score : scores) values.push_back(score.value);
  const auto tail = static_cast<std::ptrdiff_t>((scores.size() + 19) / 20);
  put(result, "mean", mean(values, scale));
  put(result, "median", median(values));
  put(result, "worst5", mean(std::vector(values.begin(), values.begin() + tail), scale));
  put(result, "worst", values.front());
  result["worst_case"] = scores.front().case_id;
  if (scale.better == "nearer") {
    const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
    put(result, "lowest", *lowest);
    put(result, "highest", *highest);
  }
  put_mean_interval(result, std::move(values), scale);
  return result;
}

json summarize_ratios(const std::vector<double>& ratios) {
  json result = {{"n", ratios.size()}, {"ratio", nullptr}};
  if (!ratios.empty()) result["ratio"] = median(ratios);
  if (ratios.size() < 2) {
    put_no_interval(result, "fewer than 2 whole blocks");
    return result;
  }
  const auto [low, high] =
      bootstrap(ratios, [](std::span<double> drawn) { return median_in_place(drawn); });
  put_interval(result, low, high);
  return result;
}

}  // namespace sameseed
