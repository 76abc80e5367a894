#include "reports/statistics/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <span>
#include <stdexcept>
#include <utility>

namespace sameseed {
namespace {

constexpr int kResamples = 1000;
constexpr double kConfidence = 0.95;
constexpr std::uint64_t kSeed = 1;

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double squared_error(double decibel) { return std::pow(10.0, -decibel / 10); }
double decibel(double squared_error) { return -10 * std::log10(squared_error); }

// The mean as the metric defines it.
double mean(std::vector<double> values, const ReportMetric& metric) {
  if (metric.unit != "dB") return mean(values);
  for (double& value : values) value = squared_error(value);
  return decibel(mean(values));
}

double median_in_place(std::span<double> values) {
  const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), half, values.end());
  if (values.size() % 2) return *half;
  return (*std::max_element(values.begin(), half) + *half) / 2;
}

// Percentile bootstrap: the statistic of kResamples drawings with replacement.
template <typename Statistic>
Interval bootstrap(const std::vector<double>& values, Statistic statistic) {
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
  const auto outside = static_cast<std::size_t>(kResamples * (1 - kConfidence) / 2);
  return {results[outside], results[kResamples - 1 - outside]};
}

// Sets `interval` of the mean, or why there is none.
void add_mean_interval(Estimate& estimate, std::vector<double> values, const ReportMetric& metric) {
  if (values.size() < 2) {
    estimate.no_interval = "fewer than 2 values";
    return;
  }
  const auto of_mean = [](std::span<const double> drawn) { return mean(drawn); };
  if (metric.unit == "dB") {
    for (double& value : values) value = squared_error(value);
    const Interval errors = bootstrap(values, of_mean);
    estimate.interval = {decibel(errors.high), decibel(errors.low)};
  } else if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) {
    estimate.no_interval = "not all values are finite";
  } else {
    estimate.interval = bootstrap(values, of_mean);
  }
}

std::size_t different_prompts(const std::vector<Scored>& scores) {
  std::set<std::string> prompts;
  for (const Scored& score : scores)
    if (!score.prompt.empty()) prompts.insert(score.prompt);
  return prompts.size();
}

}  // namespace

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

IntervalMethod interval_method() {
  return {.confidence = kConfidence,
          .method = "percentile bootstrap",
          .resamples = kResamples,
          .seed = kSeed,
          .of =
              "the mean over pairs or timed samples (in dB: of the mean squared errors); for "
              "ratios the median over A B B A blocks"};
}

std::optional<double> Statistics::named(const std::string& statistic) const {
  if (n() == 0) return std::nullopt;
  const std::pair<const char*, double> all[] = {
      {"mean", mean.value}, {"median", median}, {"worst5", worst5}, {"worst", worst}};
  for (const auto& [name, value] : all)
    if (statistic == name && !std::isnan(value)) return value;
  return std::nullopt;
}

Statistics summarize(std::vector<Scored> scores, const ReportMetric& metric) {
  Statistics statistics;
  statistics.mean.n = scores.size();
  statistics.mean.prompts = different_prompts(scores);
  if (scores.empty()) return statistics;
  std::stable_sort(scores.begin(), scores.end(), [&](const Scored& a, const Scored& b) {
    return metric.badness(a.value) > metric.badness(b.value);
  });
  std::vector<double> values;
  for (const Scored& score : scores) values.push_back(score.value);
  const auto tail = static_cast<std::ptrdiff_t>((scores.size() + 19) / 20);
  statistics.mean.value = mean(values, metric);
  statistics.median = median(values);
  statistics.worst5 = mean(std::vector(values.begin(), values.begin() + tail), metric);
  statistics.worst = values.front();
  statistics.worst_case = scores.front().case_id;
  if (metric.better == Direction::kNearer) {
    const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
    statistics.range = {*lowest, *highest};
  }
  add_mean_interval(statistics.mean, std::move(values), metric);
  return statistics;
}

Estimate summarize_ratios(const std::vector<double>& ratios) {
  Estimate estimate{.n = ratios.size()};
  if (!ratios.empty()) estimate.value = median(ratios);
  if (ratios.size() < 2)
    estimate.no_interval = "fewer than 2 whole blocks";
  else
    estimate.interval =
        bootstrap(ratios, [](std::span<double> drawn) { return median_in_place(drawn); });
  return estimate;
}

}  // namespace sameseed
