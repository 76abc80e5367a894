#include "metrics/tensors.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "io/error.h"

namespace sameseed {
namespace {

double half_value(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const double sign = bits & 0x8000 ? -1.0 : 1.0;
  if (exponent == 31)
    return fraction ? std::numeric_limits<double>::quiet_NaN()
                    : sign * std::numeric_limits<double>::infinity();
  return sign *
         (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

double value_at(const TensorView& tensor, std::size_t index) {
  const std::byte* at = tensor.data.data() + index * size_in_bytes(tensor.dtype);
  std::uint16_t half = 0;
  float single = 0;
  double value = 0;
  switch (tensor.dtype) {
    case DType::kF16:
      std::memcpy(&half, at, sizeof half);
      return half_value(half);
    case DType::kBF16:
      std::memcpy(&half, at, sizeof half);
      return std::bit_cast<float>(std::uint32_t{half} << 16);
    case DType::kF32:
      std::memcpy(&single, at, sizeof single);
      return single;
    case DType::kF64:
      std::memcpy(&value, at, sizeof value);
      return value;
    default:
      throw UserError("only floating-point tensors have a distance");
  }
}

}  // namespace

double relative_l2(const TensorView& candidate, const TensorView& reference) {
  if (candidate.shape != reference.shape)
    throw UserError("tensors of different shapes have no distance");
  const std::size_t count = reference.data.size() / size_in_bytes(reference.dtype);
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double wanted = value_at(reference, i), step = value_at(candidate, i) - wanted;
    difference += step * step;
    size += wanted * wanted;
  }
  return difference == 0 ? 0 : std::sqrt(difference / size);
}

double standard_deviation(const TensorView& tensor) {
  const std::size_t count = tensor.data.size() / size_in_bytes(tensor.dtype);
  if (count == 0) throw UserError("a tensor without values has no standard deviation");
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < count; ++i) sum += value_at(tensor, i);
  const double mean = sum / static_cast<double>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double step = value_at(tensor, i) - mean;
    squares += step * step;
  }
  return std::sqrt(squares / static_cast<double>(count));
}

}  // namespace sameseed
