// The accelerated path's arithmetic, emulated on a CPU: fp16 activations, and products with an fp16
// or a float accumulator, for convolutions, matrix products and attention apart.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "pipeline/cpu/half_layers.h"
#include "pipeline/layers/backend.h"
#include "pipeline/layers/fp8_probe.h"
#include "pipeline/layers/layer_calls.h"

namespace sameseed {

struct CpuArithmetic {
  bool conv_half = false;       // convolutions add up in fp16
  bool matmul_half = false;     // linear layers add up in fp16
  bool attention_half = false;  // both products of attention add up in fp16
  int block = 16;               // products between two roundings of an fp16 accumulator: 16, 8 or 4
  std::optional<Fp8Arithmetic> fp8 = {};  // linear layers of transformers, in the place of fp16
};

// Of one network.
struct CpuCounters : LayerCalls {
  std::int64_t attention_half = 0, attention_float = 0;
  std::int64_t non_finite = 0;  // infinite or NaN values in what these layers stored
};

// `counters` must outlive the backend and its layers.
std::unique_ptr<Backend> make_cpu_backend(const CpuArithmetic& arithmetic, CpuCounters& counters);

// Relative RMS error, against float64 and before the store to fp16, of a convolution and of a
// linear layer with a depth of 2880, and of an attention over 1024 keys of depth 64: what shows
// which accumulator really ran.
struct ProbeErrors {
  double conv = 0, matmul = 0, attention = 0;
};
ProbeErrors probe_errors(const CpuArithmetic& arithmetic);

// Of the software model.
Fp8ProbeErrors fp8_probe_errors(const Fp8Arithmetic& arithmetic);

}  // namespace sameseed
