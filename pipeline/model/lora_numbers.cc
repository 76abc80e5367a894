#include "pipeline/model/lora_numbers.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace sameseed {
namespace {

template <typename T>
T read_as(const TensorView& view) {
  T value{};
  std::memcpy(&value, view.data.data(), sizeof value);
  return value;
}

// IEEE 754 binary16: sign, five bits of exponent with bias 15, ten of fraction.
double from_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent == 31  ? HUGE_VAL  // or not a number: neither is taken
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -size : size;
}

}  // namespace

std::optional<double> scalar_of(const TensorView& view) {
  if (view.data.size() != size_in_bytes(view.dtype)) return std::nullopt;
  double value = 0;
  switch (view.dtype) {
    case DType::kF64:
      value = read_as<double>(view);
      break;
    case DType::kF32:
      value = read_as<float>(view);
      break;
    case DType::kF16:
      value = from_half(read_as<std::uint16_t>(view));
      break;
    case DType::kBF16:
      value = std::bit_cast<float>(std::uint32_t{read_as<std::uint16_t>(view)} << 16);
      break;
    case DType::kI64:
      value = static_cast<double>(read_as<std::int64_t>(view));
      break;
    case DType::kI32:
      value = read_as<std::int32_t>(view);
      break;
    default:
      return std::nullopt;
  }
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace sameseed
