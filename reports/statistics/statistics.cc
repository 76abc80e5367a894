#include "reports/statistics/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <span>
#include <stdexcept>
#include <utility>

#include "reports/statistics/mean_test.h"
#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {
namespace {

constexpr double kConfidence = 0.95;
constexpr TestOptions kOneEnd = {.alpha = (1 - kConfidence) / 2};

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

// Both ends of a two-sided interval, or why there is none.
void take_interval(Estimate& estimate, const StatisticTest& test, const char* observations) {
  if (test.low && test.high)
    estimate.interval = {*test.low, *test.high};
  else if (test.n < kFewestObservations)
    estimate.no_interval = fmt::format("fewer than {} {}", kFewestObservations, observations);
  else
    estimate.no_interval = "the resamples are degenerate";
}

// Sets `interval` of the mean, or why there is none.
void add_mean_interval(Estimate& estimate, std::vector<double> values, const ReportMetric& metric) {
  const bool decibels = metric.unit == "dB";
  if (decibels)
    for (double& value : values) value = squared_error(value);
  if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) {
    estimate.no_interval = "not all values are finite";
    return;
  }
  take_interval(estimate, test_mean(values, 0, kOneEnd), "observations");
  if (decibels && estimate.interval)
    estimate.interval = {decibel(estimate.interval->high),
                         decibel(std::max(0.0, estimate.interval->low))};
}

// One value an observation, in the order of their first scores.
std::vector<double> over_observations(const std::vector<Scored>& scores,
                                      const ReportMetric& metric) {
  std::map<std::string, std::size_t> places;
  std::vector<std::vector<double>> groups;
  for (const Scored& score : scores) {
    const auto [place, is_new] = places.emplace(score.observation, groups.size());
    if (is_new || score.observation.empty()) {
      place->second = groups.size();
      groups.emplace_back();
    }
    groups[place->second].push_back(score.value);
  }
  std::vector<double> values;
  for (std::vector<double>& group : groups)
    values.push_back(group.size() == 1 ? group.front() : mean(std::move(group), metric));
  return values;
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
          .method =
              "bootstrap-t with equal tails, never narrower than Student's t; of ratios over their "
              "logarithms",
          .resamples = kOneEnd.resamples,
          .seed = kOneEnd.seed,
          .of =
              "the mean over prompts, each the mean of its seeds (in dB: of the mean squared "
              "errors), of times over A B B A blocks; of ratios the geometric mean over blocks"};
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
  if (scores.empty()) return statistics;
  std::vector<double> values = over_observations(scores, metric);
  statistics.mean.prompts = values.size();
  statistics.mean.value = mean(values, metric);
  statistics.median = median(values);
  const auto worst = std::ranges::max_element(
      scores, {}, [&](const Scored& one) { return metric.badness(one.value); });
  statistics.worst = worst->value;
  statistics.worst_case = worst->case_id;
  if (metric.better == Direction::kNearer) {
    const auto [lowest, highest] = std::ranges::minmax_element(scores, {}, &Scored::value);
    statistics.range = {lowest->value, highest->value};
  }
  add_mean_interval(statistics.mean, values, metric);
  std::ranges::stable_sort(values, std::greater(),
                           [&](double value) { return metric.badness(value); });
  values.resize((values.size() + 19) / 20);
  statistics.worst5 = mean(std::move(values), metric);
  return statistics;
}

Estimate summarize_log_ratios(const std::vector<double>& logs) {
  Estimate estimate{.n = logs.size()};
  if (!logs.empty()) estimate.value = std::exp(mean(logs));
  take_interval(estimate, test_mean(logs, 0, kOneEnd), "whole blocks");
  if (estimate.interval)
    estimate.interval = {std::exp(estimate.interval->low), std::exp(estimate.interval->high)};
  return estimate;
}

}  // namespace sameseed
