#include "reports/compare/margins.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "io/error.h"

namespace sameseed {
namespace {

struct Least {
  const char* metric;
  double loss;
};
constexpr Least kLeast[] = {{"lpips.alex", 0.001},         {"ssim.gaussian", 0.001},
                            {"psnr.rgb", 1.0 / 12},  // levels^2
                            {"color.delta_e_mean", 0.1},   {"detail.high_frequency_ratio", 0.01},
                            {"flip.mean", 0.005},          {"local.noise_sigma", 0.05},  // levels
                            {"latents.relative_l2", 0.001}};

struct Number {
  double value = 0;
  bool of_hundred = false;
};

// A number of 0 or more, "%" behind it or not.
std::optional<Number> number_of(const std::string& text) {
  Number number;
  const char *begin = text.data(), *end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number.value);
  number.of_hundred = stop != end && *stop == '%' && stop + 1 == end;
  if (error != std::errc() || (stop != end && !number.of_hundred) || !(number.value >= 0) ||
      !std::isfinite(number.value))
    return std::nullopt;
  if (number.of_hundred) number.value /= 100;
  return number;
}

}  // namespace

ScoreMargin default_margin(const std::string& metric) {
  ScoreMargin margin;
  for (const Least& least : kLeast)
    if (metric == least.metric) margin.absolute = least.loss;
  return margin;
}

ScoreMargin margin_of(const std::string& metric, const ScoreMargins& margins) {
  const auto found = margins.find(metric);
  return found == margins.end() ? default_margin(metric) : found->second;
}

void add_score_margin(const std::string& text, ScoreMargins& margins) {
  const std::size_t equals = text.find('=');
  const auto number =
      equals == std::string::npos ? std::nullopt : number_of(text.substr(equals + 1));
  if (!number || equals == 0)
    throw UserError(fmt::format(
        "--score-margin must be METRIC=LOSS or METRIC=PERCENT%, such as lpips.alex=10%, not {}",
        text));
  const std::string metric = text.substr(0, equals);
  std::vector<const char*> known;
  for (const Least& least : kLeast) known.push_back(least.metric);
  if (std::ranges::find(known, metric) == known.end())
    throw UserError(fmt::format("--score-margin {}: compare judges {}, not {}", text,
                                fmt::join(known, ", "), metric));
  ScoreMargin margin = default_margin(metric);
  if (number->of_hundred)
    margin.relative = number->value;
  else
    margin = {.relative = 0, .absolute = number->value};
  margins[metric] = margin;
}

double parse_time_margin(const std::string& text) {
  const auto number = number_of(text);
  if (!number)
    throw UserError(
        fmt::format("--time-margin must be a part of the time, such as 1% or 0.01, not {}", text));
  return number->value;
}

}  // namespace sameseed
