// From fp16 to FP8 (E4M3), with the bits of pipeline/cpu/fp8_product.h.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace sameseed::cuda {

inline constexpr std::int64_t kMostQuantised = 8192;  // columns of quantise_rows

// x fp16 [rows, columns] -> y E4M3 of that shape, and a scale for each row. Columns are a multiple
// of 8 and at most kMostQuantised; throws std::runtime_error otherwise.
void quantise_rows(const void* x, void* y, float* scales, std::int64_t rows, std::int64_t columns,
                   cudaStream_t stream);

// The same of x fp16 [rows, 2 * inner] -> y [rows, inner]: the first half times gelu_erf of the
// second, rounded to fp16 before it is quantised.
void quantise_gated_rows(const void* x, void* y, float* scales, std::int64_t rows,
                         std::int64_t inner, cudaStream_t stream);

// x fp16 [values] -> y E4M3, and one scale for all; `scratch`: memory for one float. `values` is a
// multiple of 8.
void quantise_tensor(const void* x, void* y, float* scale, float* scratch, std::int64_t values,
                     cudaStream_t stream);

}  // namespace sameseed::cuda
