// Which products in FP8 a backend makes, by the errors of one of them.
#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

namespace sameseed {

// Relative RMS errors of a product: what shows that FP8 ran, and how.
struct Fp8ProbeErrors {
  double sums = 0;          // against the exact product of the same E4M3 values: fast or exact sums
  double values = 0;        // against the values before they were quantised: that FP8 ran
  double small_tokens = 0;  // the same of tokens 65536 times smaller than the others: whose scale
};

// {"fp8_sums_error", "fp8_error", "fp8_small_tokens_error"}, as the answer to `load` has them.
nlohmann::json to_json(const Fp8ProbeErrors& errors);

// What is multiplied: x [64, 5120] and w [64, 5120], fp16 on the CPU, normal values; the second
// half of x's rows is 65536 times smaller.
struct Fp8ProbeProduct {
  at::Tensor x, w;
};
Fp8ProbeProduct fp8_probe_product();

// `dequantised`: what x and w became in E4M3, times its scales; `got`: the product in float32.
Fp8ProbeErrors fp8_probe_errors(const Fp8ProbeProduct& asked, const Fp8ProbeProduct& dequantised,
                                const at::Tensor& got);

}  // namespace sameseed
