#include "pipeline/unet/deepcache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <nlohmann/json.hpp>
#include <set>

#include "io/error.h"
#include "io/json_schema.h"

namespace sameseed {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw UserError(fmt::format(
      "deepcache {}: {}; write INTERVAL/LAYER/BLOCK or INTERVAL/branch:K, and /quad:CENTER:POW "
      "behind it if wanted; "
      "legal LAYER/BLOCK pairs are 0/0 0/1 0/2 1/0 1/1 1/2 2/0 2/1, legal branches 0 to 8",
      excerpt(std::string(text)), why));
}

template <typename Number>
Number number(std::string_view text, const std::string& part) {
  try {
    std::size_t used = 0;
    const double value = std::stod(part, &used);
    // In range before it is converted: beyond it a conversion to a whole number is undefined.
    if (used == part.size() && std::abs(value) < 1e6)
      if (const auto result = static_cast<Number>(value); static_cast<double>(result) == value)
        return result;
  } catch (const std::exception&) {
  }
  refuse(text, excerpt(part) + " is not a number that fits here");
}

// The schedule that gathers full steps around a centre; its powers are complex on their way
// (horseee/DeepCache:DeepCache/sdxl, sample_from_quad_center).
std::vector<int> quad_center(const DeepCache& d, int steps) {
  const int wanted = (steps + d.interval - 1) / d.interval;
  for (double power = d.pow; power > 1; power -= 0.02) {
    const std::complex<double> low = std::pow(std::complex<double>(-d.center, 0.0), 1 / power);
    const std::complex<double> high =
        std::pow(std::complex<double>(steps - d.center, 0.0), 1 / power);
    std::set<int> values;
    for (int k = 0; k <= wanted; ++k) {
      const std::complex<double> x =
          low + static_cast<double>(k) * ((high - low) / static_cast<double>(wanted));
      values.insert(static_cast<int>(std::pow(x, power).real()));
    }
    std::vector<int> indices = {0};
    if (values.size() > 2)
      for (auto value = std::next(values.begin()); value != std::prev(values.end()); ++value)
        indices.push_back(static_cast<int>(*value + d.center));
    if (static_cast<int>(indices.size()) == wanted) return indices;
  }
  throw UserError(fmt::format(
      "deepcache {}: no quad-centre schedule with {} full steps of {} exists for this centre and "
      "power; choose others, or the uniform schedule",
      to_string(d), wanted, steps));
}

}  // namespace

DeepCache parse_deepcache(std::string_view text) {
  std::vector<std::string> parts = split(text, '/');
  DeepCache d;
  if (parts.size() > 1 && parts.back().starts_with("quad:")) {
    const std::vector<std::string> quad = split(parts.back(), ':');
    if (quad.size() != 3) refuse(text, "quad needs a centre and a power");
    d.quad_center = true;
    d.center = number<double>(text, quad[1]);
    d.pow = number<double>(text, quad[2]);
    if (d.pow <= 1 || d.pow > 10 || d.center < 0)
      refuse(text, "the centre must not be negative, the power lie above 1 and not above 10");
    parts.pop_back();
  }
  if (parts.size() < 2) refuse(text, "an interval and a place are needed");
  d.interval = number<int>(text, parts[0]);
  if (d.interval < 1) refuse(text, "the interval must be 1 or more");
  if (parts.size() == 2 && parts[1].starts_with("branch:")) {
    const int branch = number<int>(text, parts[1].substr(7));
    if (branch < 0 || branch > 8)
      refuse(text, "there is no such branch; from 9 on the helper silently uses 8");
    d.branch = branch;
    if (branch > 0) d.layer = (branch - 1) / 3, d.block = (branch - 1) % 3;
  } else if (parts.size() == 3) {
    d.layer = number<int>(text, parts[1]);
    d.block = number<int>(text, parts[2]);
    if (d.layer == 2 && d.block == 2) refuse(text, "with 2/2 the cache would never be filled");
    if (d.layer < 0 || d.layer > 2) refuse(text, "the layer must be 0, 1 or 2");
    if (d.block < 0 || d.block > 2) refuse(text, "the block must be 0, 1 or 2");
  } else {
    refuse(text, "it has another form");
  }
  return d;
}

std::string to_string(const DeepCache& d) {
  std::string text = d.branch ? fmt::format("{}/branch:{}", d.interval, *d.branch)
                              : fmt::format("{}/{}/{}", d.interval, d.layer, d.block);
  if (d.quad_center) text += fmt::format("/quad:{}:{}", d.center, d.pow);
  return text;
}

std::vector<int> full_steps(const DeepCache& d, int steps, const std::vector<double>& timesteps) {
  if (d.interval > 1 && d.quad_center) return quad_center(d, steps);
  std::vector<int> full;
  for (std::size_t i = 0; i < timesteps.size(); ++i) {
    const auto place = d.branch ? std::ranges::find(timesteps, timesteps[i]) - timesteps.begin()
                                : static_cast<std::ptrdiff_t>(i);
    if (d.interval == 1 || (place % d.interval == 0 && (d.branch || place < steps)))
      full.push_back(static_cast<int>(i));
  }
  return full;
}

}  // namespace sameseed
