#include "bench/plan/switch_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "io/nearest.h"
#include "pipeline/env_flags.h"

namespace sameseed {
namespace {

constexpr std::size_t kFewEdits = 3;

// What the engines read and prove, here and in bench/engines/, and what the libraries below them
// read.
const std::vector<std::string> kKnown = {kConvHalf,
                                         kMatmulHalf,
                                         kCudnnV8Disabled,
                                         "CUBLAS_WORKSPACE_CONFIG",
                                         "CUDA_LAUNCH_BLOCKING",
                                         "CUDA_MODULE_LOADING",
                                         "CUDA_VISIBLE_DEVICES",
                                         "LD_LIBRARY_PATH",
                                         "MKL_NUM_THREADS",
                                         "NVIDIA_TF32_OVERRIDE",
                                         "OMP_NUM_THREADS",
                                         "PYTORCH_CUDA_ALLOC_CONF"};

std::string in_capitals(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

}  // namespace

std::string refusal_of_switch(const std::string& variable) {
  if (std::ranges::find(kKnown, variable) != kKnown.end()) return "";
  const std::string name = in_capitals(variable), near = nearest(name, kKnown);
  if (edit_distance(name, near) <= kFewEdits)
    return fmt::format("there is no such switch; did you mean \"{}\"?", near);
  if (name.starts_with("ONEFLOW_") || name.starts_with("TORCH_"))
    return fmt::format("no engine is known to read it; the nearest that one reads is \"{}\"", near);
  return "";
}

}  // namespace sameseed
