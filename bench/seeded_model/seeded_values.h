// Random half-precision values of which each depends on its seed, its tensor's name and its place
// alone: threads and order do not matter, and no value is drawn to get to the next.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sameseed {

// A distribution as bits of IEEE half precision: its quantiles at 65,536 equal steps.
using HalfQuantiles = std::vector<std::uint16_t>;

// The normal distribution; nothing lies beyond 4.4 deviations.
HalfQuantiles normal_quantiles(double mean, double deviation);

// The stream of a tensor.
std::uint64_t stream_key(std::uint64_t seed, std::string_view name);

// Values number `first`, `first` + 1, ... of a stream. `first` must be a multiple of 4.
void fill(const HalfQuantiles& quantiles, std::uint64_t key, std::uint64_t first,
          std::span<std::uint16_t> out);

// To nearest, ties to even; what is too large becomes infinite.
std::uint16_t half_bits(float value);

}  // namespace sameseed
