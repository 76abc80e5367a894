// Our own kernels of the accelerated path: what libraries leave unfused. Pictures are
// [n, height, width, channels] in memory, values are fp16 or bf16, sums are float32. Channels must
// be multiples of 8: 16 bytes a load.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace sameseed::cuda {

enum class Half { kFp16, kBf16 };

struct GroupNormShape {
  std::int64_t n = 1, pixels = 1, channels = 320, groups = 32;
  double eps = 1e-5;
  bool silu = false;
  std::int64_t pictures = 1;          // of x; where there are fewer than n, they are all n in turn
  std::int64_t first_channels = 320;  // of x; the others are behind it, in x_behind
};

// Bytes of scratch memory that group_norm needs for this shape.
std::size_t group_norm_scratch(const GroupNormShape& shape);

// y = (x + shift - mean) / sqrt(variance + eps) * weight + bias, then SiLU where asked for; mean
// and variance over a group's channels of a picture. shift [n, channels] with `shift_stride` values
// between rows, or null. Deterministic: partial sums are added in a fixed order.
// x [n, pixels, first_channels], x_behind [n, pixels, channels - first_channels] or null.
void group_norm(const void* x, const void* x_behind, const void* shift, std::int64_t shift_stride,
                const void* weight, const void* bias, void* y, float* scratch,
                const GroupNormShape& shape, Half type, cudaStream_t stream);

// y [rows, channels] = (x - mean) / sqrt(variance + eps) * weight + bias, row by row; at most 2560
// channels. With `residual` of x's shape, x + residual stands for x and is written to `sum` as
// well; else both are null.
void layer_norm(const void* x, const void* residual, const void* weight, const void* bias,
                void* sum, void* y, std::int64_t rows, std::int64_t channels, double eps, Half type,
                cudaStream_t stream);

// The same for fp16 with y E4M3 and a scale for each row, as quantise_rows() makes of the fp16
// norm.
void layer_norm_codes(const void* x, const void* residual, const void* weight, const void* bias,
                      void* sum, void* y, float* scales, std::int64_t rows, std::int64_t channels,
                      double eps, cudaStream_t stream);

// x [rows, 2 * inner] -> y [rows, inner]: the first half times gelu_erf of the second.
void gelu_gate(const void* x, void* y, std::int64_t rows, std::int64_t inner, Half type,
               cudaStream_t stream);

// The same for x [rows, inner, 2], where a value and its gate are neighbours.
void gelu_gate_pairs(const void* x, void* y, std::int64_t rows, std::int64_t inner, Half type,
                     cudaStream_t stream);

// x [rows, channels] += bias [channels], and += residual [rows, channels], where there are any.
void add_bias(void* x, const void* bias, const void* residual, std::int64_t rows,
              std::int64_t channels, Half type, cudaStream_t stream);

// x [n, height, width, channels] -> y [n, to_height, to_width, channels] by nearest neighbour, as
// ATen rounds.
struct UpsampleShape {
  std::int64_t n = 1, height = 1, width = 1, to_height = 2, to_width = 2, channels = 8;
};
void upsample_nearest(const void* x, void* y, const UpsampleShape& shape, Half type,
                      cudaStream_t stream);

}  // namespace sameseed::cuda
