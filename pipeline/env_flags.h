// The three ONEFLOW switches as this process's environment has them.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace sameseed {

enum class Switch { kUnset, kOff, kOn };  // unset means OneDiff's default, which is on

struct EnvFlags {
  Switch conv_half = Switch::kUnset;       // ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION
  Switch matmul_half = Switch::kUnset;     // ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION
  Switch attention_half = Switch::kUnset;  // ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION
};

// As OneFlow parses booleans: 1, true, yes, on, y in any case are true, anything else is false
// (Oneflow-Inc/oneflow:oneflow/core/common/util.cpp).
bool is_true(const char* text);

EnvFlags read_env_flags();

// OneDiff's default where unset: on. It sets the variables of convolutions and products to 1 itself
// (siliconflow/onediff:src/onediff/infer_compiler/backends/env_var.py) and takes an unset one of
// attention for true (src/infer_compiler_registry/register_diffusers/attention_processor_oflow.py),
// which is also what its kernels do: unset, Stable Video Diffusion overflowed (its #497).
inline bool is_on(Switch value) { return value != Switch::kOff; }

// {NAME: {"value": "1" | null, "means": "on" | "off", "default": true where unset, "acts": true,
// "networks": ["unet", ...] on whose layers it acts}}
nlohmann::json effective(const EnvFlags& flags);

// {"value": as this process has the variable, "acts": false, "reason": ...}: for a switch that
// cannot act here.
nlohmann::json not_acting(const char* variable, const char* reason);

inline constexpr const char* kConvHalf = "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION";
inline constexpr const char* kMatmulHalf = "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION";
inline constexpr const char* kAttentionHalf = "ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION";
inline constexpr const char* kCudnnV8Disabled = "TORCH_CUDNN_V8_API_DISABLED";

}  // namespace sameseed
