#include "pipeline/watch/trace.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "pipeline/model/tensor_files.h"

namespace sameseed {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Trace::Trace(std::vector<std::string> blocks)
    : blocks_(std::move(blocks)), norms_(blocks_.size(), kAbsent) {}

void Trace::module(const std::string& name, const at::Tensor& output) {
  const auto found = std::ranges::find(blocks_, name);
  if (found == blocks_.end()) return;
  const auto index = static_cast<std::size_t>(found - blocks_.begin());
  // In double: the squares of fp16 activations do not fit fp16.
  norms_[norms_.size() - blocks_.size() + index] =
      at::linalg_vector_norm(output, 2, {}, false, at::kDouble).item<double>();
}

bool Trace::step(const at::Tensor& latents) {
  latents_.push_back(latents.flatten(0, 1).cpu());
  norms_.resize(norms_.size() + blocks_.size(), kAbsent);
  return true;
}

void Trace::save(const std::filesystem::path& path) const {
  const auto steps = static_cast<std::int64_t>(latents_.size()),
             blocks = static_cast<std::int64_t>(blocks_.size());
  const at::Tensor norms =
      at::tensor(norms_, at::TensorOptions().dtype(at::kDouble)).view({steps + 1, blocks});
  save_tensors(path,
               {{"latents", at::stack(latents_, 0)}, {"block_norms", norms.slice(0, 0, steps)}},
               {{"blocks", fmt::format("{}", fmt::join(blocks_, " "))}});
}

}  // namespace sameseed
