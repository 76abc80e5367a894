#include "pipeline/cuda/device_context.h"

#include <ATen/ATen.h>
#include <cudnn.h>
#include <fmt/format.h>

#include <fstream>

#include "pipeline/cuda/check.h"

namespace sameseed::cuda {
namespace {

constexpr std::int64_t kWorkspaceBytes = std::int64_t{128} << 20;

// "NVIDIA H100 80GB HBM3, driver 580.159.04, CUDA 13.0, cuBLASLt 130100, cuDNN 91900"
std::string machine_of(at::Device device) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device.index()), "the device's properties");
  int runtime = 0;
  check(cudaRuntimeGetVersion(&runtime), "the runtime's version");
  std::string driver = "unknown";
  std::ifstream version("/proc/driver/nvidia/version");
  for (std::string word, last; version >> word; last = word)
    if (word.find('.') != std::string::npos && word.find_first_not_of("0123456789.") == word.npos) {
      driver = word;
      break;
    }
  return fmt::format("{}, driver {}, CUDA {}.{}, cuBLASLt {}, cuDNN {}", properties.name, driver,
                     runtime / 1000, runtime % 1000 / 10, cublasLtGetVersion(), cudnnGetVersion());
}

}  // namespace

Counters& Counters::operator+=(const Counters& more) {
  conv_half += more.conv_half;
  conv_float += more.conv_float;
  matmul_half += more.matmul_half;
  matmul_float += more.matmul_float;
  fp8_fast += more.fp8_fast;
  fp8_exact += more.fp8_exact;
  linear_fp16 += more.linear_fp16;
  graphs_replayed += more.graphs_replayed;
  capture_ms += more.capture_ms;
  return *this;
}

Counters operator-(const Counters& a, const Counters& b) {
  return {a.conv_half - b.conv_half,     a.conv_float - b.conv_float,
          a.matmul_half - b.matmul_half, a.matmul_float - b.matmul_float,
          a.fp8_fast - b.fp8_fast,       a.fp8_exact - b.fp8_exact,
          a.linear_fp16 - b.linear_fp16, a.graphs_replayed - b.graphs_replayed,
          a.capture_ms - b.capture_ms};
}

DeviceContext::DeviceContext(at::Device on, bool cold)
    : device(on),
      machine(machine_of(on)),
      choices(cold ? std::filesystem::path() : choices_file(machine), machine),
      workspace(at::empty({kWorkspaceBytes}, at::TensorOptions().dtype(at::kByte).device(on))),
      matmul(choices, workspace.mutable_data_ptr(), static_cast<std::size_t>(kWorkspaceBytes)),
      fp8_matmul(choices, workspace.mutable_data_ptr(), static_cast<std::size_t>(kWorkspaceBytes)),
      convolution(choices, workspace.mutable_data_ptr(), static_cast<std::size_t>(kWorkspaceBytes)),
      attention(choices, workspace.mutable_data_ptr(), static_cast<std::size_t>(kWorkspaceBytes)) {}

}  // namespace sameseed::cuda
