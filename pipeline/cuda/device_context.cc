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

// `to` with the calls of `more` as often as `times` says.
void add(LayerCalls& to, const LayerCalls& more, std::int64_t times) {
  to.conv_half += times * more.conv_half;
  to.conv_float += times * more.conv_float;
  to.matmul_half += times * more.matmul_half;
  to.matmul_float += times * more.matmul_float;
  to.fp8_fast += times * more.fp8_fast;
  to.fp8_exact += times * more.fp8_exact;
  to.linear_fp16 += times * more.linear_fp16;
}

void add(Counters& to, const Counters& more, std::int64_t times) {
  add(to.text, more.text, times);
  add(to.unet, more.unet, times);
  add(to.vae, more.vae, times);
  to.graphs_replayed += times * more.graphs_replayed;
  to.capture_ms += static_cast<double>(times) * more.capture_ms;
}

}  // namespace

Counters& Counters::operator+=(const Counters& more) {
  add(*this, more, 1);
  return *this;
}

Counters operator-(const Counters& a, const Counters& b) {
  Counters difference = a;
  add(difference, b, -1);
  return difference;
}

DeviceContext::DeviceContext(at::Device on, bool cold)
    : device(on),
      machine(machine_of(on)),
      choices(cold ? std::filesystem::path() : choices_file(machine), machine),
      workspace(at::empty({kWorkspaceBytes}, at::TensorOptions().dtype(at::kByte).device(on))),
      matmul(choices, workspace.mutable_data_ptr(), static_cast<std::size_t>(kWorkspaceBytes)),
      gated(choices, matmul, on.index(), workspace.mutable_data_ptr(),
            static_cast<std::size_t>(kWorkspaceBytes)),
      fp8_matmul(choices, on.index(), workspace.mutable_data_ptr(),
                 static_cast<std::size_t>(kWorkspaceBytes)),
      convolution(choices, workspace.mutable_data_ptr(), static_cast<std::size_t>(kWorkspaceBytes)),
      attention(choices, workspace.mutable_data_ptr(), static_cast<std::size_t>(kWorkspaceBytes)) {}

}  // namespace sameseed::cuda
