#include "reports/statistics/paired_bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <utility>

#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

// Rounding in sums of some hundred terms; an effect that is constant to this varies not at all.
constexpr double kRounding = 1e-12;

// Observations of a row with a sign of their own. Where a row has fewer, batches would tie it to
// rows that share no observation with it.
constexpr std::size_t kMostSigned = 512;

struct Residuals {
  std::vector<std::size_t> observations;
  std::vector<double> values;
  double squares = 0;
};

// |t| of a sample whose values add up to `sum` and whose squares to `squares`.
double absolute_t(double sum, double squares, double n) {
  const double variance = (squares - sum * sum / n) / (n - 1);
  if (variance <= 0) return std::numeric_limits<double>::infinity();
  return std::abs(sum) / std::sqrt(n * variance);
}

EffectEstimate moments(const SparseRow& row, Residuals& residuals) {
  EffectEstimate result;
  double sum = 0;
  for (const auto& [observation, value] : row) {
    residuals.observations.push_back(observation);
    residuals.values.push_back(value);
    sum += value;
  }
  result.n = residuals.values.size();
  if (result.n == 0) return result;
  const auto n = static_cast<double>(result.n);
  result.mean = sum / n;
  for (double& value : residuals.values) {
    value -= result.mean;
    residuals.squares += value * value;
  }
  if (result.n > 1) result.spread = std::sqrt(residuals.squares / (n - 1));
  if (result.spread <= kRounding * std::abs(result.mean)) result.spread = 0;
  return result;
}

// The quantile that leaves at most 1 - confidence of the values above it.
double upper_quantile(std::vector<double> values, double confidence) {
  const auto rank =
      static_cast<std::size_t>(std::ceil(confidence * static_cast<double>(values.size() + 1))) - 1;
  if (rank >= values.size()) return std::numeric_limits<double>::infinity();
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// The same with the residuals of every kMostSigned-th observation added up, so that they turn
// together: their sums are independent as they are, and few enough to be turned in no time.
std::vector<Residuals> batched(std::span<const Residuals> family) {
  std::vector<Residuals> result;
  for (const Residuals& residuals : family) {
    std::vector<double> sums(kMostSigned);
    std::vector<bool> is_there(kMostSigned);
    for (std::size_t i = 0; i < residuals.values.size(); ++i) {
      const std::size_t batch = residuals.observations[i] % kMostSigned;
      sums[batch] += residuals.values[i];
      is_there[batch] = true;
    }
    Residuals batches;
    for (std::size_t batch = 0; batch < kMostSigned; ++batch) {
      if (!is_there[batch]) continue;
      batches.observations.push_back(batch);
      batches.values.push_back(sums[batch]);
      batches.squares += sums[batch] * sums[batch];
    }
    result.push_back(std::move(batches));
  }
  return result;
}

double critical_value(std::span<const Residuals> family, std::size_t observations,
                      const FamilyOptions& options) {
  if (std::ranges::all_of(family,
                          [](const Residuals& one) { return one.values.size() > kMostSigned; }))
    return critical_value(batched(family), kMostSigned, options);
  std::mt19937_64 random(options.seed);
  std::vector<double> largest(static_cast<std::size_t>(options.resamples), 0), signs(observations);
  for (double& most : largest) {
    std::uint64_t bits = 0;
    for (std::size_t observation = 0; observation < observations; ++observation, bits >>= 1) {
      if (observation % 64 == 0) bits = random();
      signs[observation] = bits & 1 ? 1 : -1;
    }
    for (const Residuals& residuals : family) {
      double sum = 0;
      for (std::size_t i = 0; i < residuals.values.size(); ++i)
        sum += signs[residuals.observations[i]] * residuals.values[i];
      most = std::max(
          most, absolute_t(sum, residuals.squares, static_cast<double>(residuals.values.size())));
    }
  }
  return upper_quantile(std::move(largest), options.confidence);
}

}  // namespace

std::vector<EffectEstimate> estimate_family(const std::vector<std::vector<double>>& effects,
                                            const FamilyOptions& options) {
  std::vector<SparseRow> sparse;
  for (const std::vector<double>& row : effects) {
    sparse.emplace_back();
    for (std::size_t observation = 0; observation < row.size(); ++observation)
      if (!std::isnan(row[observation])) sparse.back().emplace_back(observation, row[observation]);
  }
  return estimate_family(sparse, effects.empty() ? 0 : effects.front().size(), options);
}

std::vector<EffectEstimate> estimate_family(const std::vector<SparseRow>& effects,
                                            std::size_t observations,
                                            const FamilyOptions& options) {
  const std::size_t fewest = fewest_observations(options.confidence);
  std::vector<EffectEstimate> results;
  std::vector<Residuals> family;
  for (const SparseRow& row : effects) {
    Residuals residuals;
    results.push_back(moments(row, residuals));
    if (results.back().n >= fewest && results.back().spread > 0)
      family.push_back(std::move(residuals));
  }
  const double critical = family.empty() ? 0 : critical_value(family, observations, options);
  for (EffectEstimate& result : results)
    if (result.n >= fewest && (result.spread == 0 || std::isfinite(critical)))
      result.half_width = result.spread == 0
                              ? 0
                              : critical * result.spread / std::sqrt(static_cast<double>(result.n));
  return results;
}

std::optional<double> observations_needed(const EffectEstimate& effect) {
  if (!effect.half_width || effect.mean == 0 || effect.spread == 0) return std::nullopt;
  if (std::abs(effect.mean) > *effect.half_width) return std::nullopt;
  const auto n = static_cast<double>(effect.n);
  const double critical = *effect.half_width * std::sqrt(n) / effect.spread;
  const double root = (critical + normal_quantile(0.8)) * effect.spread / std::abs(effect.mean);
  return std::max(n + 1, std::ceil(root * root));
}

}  // namespace sameseed
