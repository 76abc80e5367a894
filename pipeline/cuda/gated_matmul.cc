#include "pipeline/cuda/gated_matmul.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "io/elapsed.h"
#include "pipeline/cuda/fastest.h"
#include "pipeline/cuda/kernels/kernels.h"

namespace sameseed::cuda {
namespace {

constexpr int kBehind = -1;  // a product of the library, and the gate behind it
constexpr const char* kBehindName = "behind the product";
constexpr int kGatedRounds = 5, kGatedCalls = 8;

}  // namespace

GatedMatmul::GatedMatmul(Choices& choices, Matmul& matmul, int device, void* workspace,
                         std::size_t workspace_bytes)
    : choices_(choices),
      matmul_(matmul),
      kernels_(gated_kernels(device)),
      workspace_(workspace),
      workspace_bytes_(workspace_bytes) {}

bool GatedMatmul::run_behind(const GatedProduct& p, void* both, cudaStream_t stream) {
  matmul_.run({.m = p.m, .n = 2 * p.inner, .k = p.k, .bias = true}, p.x, p.w, p.bias, nullptr, both,
              stream);
  gelu_gate_pairs(both, p.y, p.m, p.inner, Half::kFp16, stream);
  return true;
}

int GatedMatmul::search(const GatedProduct& p, const Room& room, cudaStream_t stream) {
  const std::string name = fmt::format("gated product {}x{}x{} fp16", p.m, p.inner, p.k);
  const nlohmann::json kept = choices_.find(name);
  const std::string known = kept.is_null() ? "" : kept.value("algorithm", "");
  if (known == kBehindName) return kBehind;
  for (std::size_t i = 0; i < kernels_.size(); ++i)
    if (kernels_[i].name() == known) return static_cast<int>(i);

  void* const both = room();
  run_behind(p, both, stream);  // its own search
  const auto start = std::chrono::steady_clock::now();
  const auto count = static_cast<int>(kernels_.size());
  const Fastest best = fastest(count + 1, kGatedRounds, kGatedCalls, [&](int i, cudaStream_t on) {
    if (i == count) return run_behind(p, both, on);
    const GatedKernel& kernel = kernels_[static_cast<std::size_t>(i)];
    return kernel.run(p, kernel.swizzle, kernel.along_n, workspace_, workspace_bytes_, on);
  });
  const int chosen = best.index < 0 || best.index == count ? kBehind : best.index;
  choices_.add_search(ms_since(start));
  choices_.keep(
      name, {{"algorithm",
              chosen == kBehind ? kBehindName : kernels_[static_cast<std::size_t>(chosen)].name()},
             {"ms", best.ms},
             {"tried", best.tried}});
  return chosen;
}

void GatedMatmul::run(const GatedProduct& p, const Room& room, cudaStream_t stream) {
  const std::tuple shape{p.m, p.inner, p.k};
  auto found = chosen_.find(shape);
  if (found == chosen_.end()) found = chosen_.emplace(shape, search(p, room, stream)).first;
  if (found->second == kBehind) {
    run_behind(p, room(), stream);
    return;
  }
  const GatedKernel& kernel = kernels_[static_cast<std::size_t>(found->second)];
  if (!kernel.run(p, kernel.swizzle, kernel.along_n, workspace_, workspace_bytes_, stream))
    throw std::runtime_error("CUTLASS: " + kernel.name() + " fails");
}

}  // namespace sameseed::cuda
