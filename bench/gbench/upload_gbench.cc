// Weights from the page cache to a GPU beside what the bus carries from pinned memory:
//   upload_gbench [unet/diffusion_pytorch_model.safetensors] [--benchmark_...]
// Without a file it makes one of 1 GB. `share` is the uploader's rate divided by the bus's, wanted:
// at least 0.6. `first_ms` is the first upload, with threads and pinned memory made for it.
#include <benchmark/benchmark.h>
#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bench/gbench/in_turn.h"
#include "bench/system/temporary_folder.h"
#include "io/elapsed.h"
#include "io/safetensors.h"
#include "pipeline/cuda/check.h"
#include "pipeline/cuda/upload.h"

namespace {

using sameseed::cuda::check;

std::string file;  // from the command line

// Tensors of the sizes of SDXL's feed-forward layers, 1 GB of them.
std::string made_file(const sameseed::TemporaryFolder& folder) {
  const std::vector<std::byte> weights(2 * 10240 * 1280, std::byte{60});
  std::map<std::string, sameseed::TensorView> tensors;
  for (int i = 0; i < 40; ++i)
    tensors[std::to_string(i)] = {sameseed::DType::kF16, {10240, 1280}, weights};
  sameseed::write_safetensors(folder / "weights.safetensors", tensors);
  return folder / "weights.safetensors";
}

struct Free {
  void operator()(void* memory) const { cudaFree(memory); }
};
struct FreeHost {
  void operator()(void* memory) const { cudaFreeHost(memory); }
};

void upload_beside_pinned_copy(benchmark::State& state) {
  int count = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess || count == 0)
    return state.SkipWithError(status == cudaSuccess ? "no GPU here" : cudaGetErrorString(status));
  try {
    const sameseed::TemporaryFolder folder;
    const auto weights = sameseed::SafetensorsFile::open(file.empty() ? made_file(folder) : file);
    std::size_t size = 0;
    for (const auto& [name, view] : weights.tensors()) size += view.data.size();
    void* memory = nullptr;
    check(cudaMalloc(&memory, size), "cudaMalloc");
    const std::unique_ptr<void, Free> device(memory);
    constexpr std::size_t kPinned = 256 << 20;
    check(cudaHostAlloc(&memory, kPinned, cudaHostAllocDefault), "cudaHostAlloc");
    const std::unique_ptr<void, FreeHost> pinned(memory);
    std::memset(pinned.get(), 60, kPinned);

    const auto upload = [&](sameseed::cuda::Uploader& uploader) {
      auto* to = static_cast<std::byte*>(device.get());
      for (const auto& [name, view] : weights.tensors()) {
        uploader.copy(to, view.data);
        to += view.data.size();
      }
      uploader.finish();
    };
    const auto copy_pinned = [&] {
      for (std::size_t at = 0; at < size; at += kPinned)
        check(cudaMemcpyAsync(static_cast<std::byte*>(device.get()) + at, pinned.get(),
                              std::min(kPinned, size - at), cudaMemcpyHostToDevice, nullptr),
              "cudaMemcpyAsync");
      check(cudaStreamSynchronize(nullptr), "cudaStreamSynchronize");
    };
    const auto threads = static_cast<unsigned>(state.range(0));
    const auto start = std::chrono::steady_clock::now();
    sameseed::cuda::Uploader uploader(0, threads);
    upload(uploader);
    state.counters["first_ms"] = sameseed::ms_since(start);
    sameseed::compare_in_turn(
        state, [&] { upload(uploader); }, copy_pinned);
    const double megabytes = 1e-6 * static_cast<double>(size);
    state.counters["ours_GB/s"] = megabytes / state.counters["ours_ms"];
    state.counters["bus_GB/s"] = megabytes / state.counters["calls_ms"];
    state.counters["share"] = 1 / state.counters["ratio"];
  } catch (const std::exception& problem) {
    state.SkipWithError(problem.what());
  }
}
BENCHMARK(upload_beside_pinned_copy)
    ->ArgName("threads")
    ->DenseRange(4, 16, 4)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc > 2) {
    std::fprintf(stderr, "usage: upload_gbench [FILE.safetensors] [--benchmark_...]\n");
    return 1;
  }
  if (argc == 2) file = argv[1];
  benchmark::RunSpecifiedBenchmarks();
}
