#include "bench/seeded_model/seeded_values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace sameseed {
namespace {

constexpr std::size_t kSteps = 1 << 16;
constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;

// SplitMix64's output function (Steele, Lea, Flood 2014; constants of Stafford's mix 13).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// The standard normal's quantile by Newton's method on its distribution function.
double normal_quantile(double p) {
  double x = 0;
  for (int i = 0; i < 60; ++i) {
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    const double step = (std::erfc(-x / M_SQRT2) / 2 - p) / density;
    x -= std::clamp(step, -1.0, 1.0);
    if (std::abs(step) < 1e-12) break;
  }
  return x;
}

std::vector<double> standard_quantiles() {
  std::vector<double> all(kSteps);
  for (std::size_t i = 0; i < kSteps / 2; ++i) {
    all[i] = normal_quantile((static_cast<double>(i) + 0.5) / kSteps);
    all[kSteps - 1 - i] = -all[i];
  }
  return all;
}

}  // namespace

std::uint16_t half_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x477ff000u)  // 65520 and above, which rounds to infinity
    return static_cast<std::uint16_t>(sign | (magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u));
  if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 leaves multiples of 2^-24
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  magnitude += 0xfffu + ((magnitude >> 13) & 1u) - (112u << 23);  // 112: the exponents' biases
  return static_cast<std::uint16_t>(sign | (magnitude >> 13));
}

HalfQuantiles normal_quantiles(double mean, double deviation) {
  static const std::vector<double> kStandard = standard_quantiles();
  HalfQuantiles all(kSteps);
  for (std::size_t i = 0; i < kSteps; ++i)
    all[i] = half_bits(static_cast<float>(mean + deviation * kStandard[i]));
  return all;
}

std::uint64_t stream_key(std::uint64_t seed, std::string_view name) {
  return mixed(mixed(seed + kGolden) ^ fnv1a(name));
}

void fill(const HalfQuantiles& quantiles, std::uint64_t key, std::uint64_t first,
          std::span<std::uint16_t> out) {
  const std::uint16_t* const values = quantiles.data();
  std::uint64_t counter = first / 4;
  const auto four = [&] {
    const std::uint64_t word = mixed(key + ++counter * kGolden);
    return std::array{values[word & 0xffff], values[(word >> 16) & 0xffff],
                      values[(word >> 32) & 0xffff], values[word >> 48]};
  };
  const std::size_t whole = out.size() / 4 * 4;
  for (std::size_t i = 0; i < whole; i += 4)
    std::ranges::copy(four(), out.begin() + static_cast<std::ptrdiff_t>(i));
  const auto last = four();
  std::copy_n(last.begin(), out.size() - whole, out.begin() + static_cast<std::ptrdiff_t>(whole));
}

}  // namespace sameseed
