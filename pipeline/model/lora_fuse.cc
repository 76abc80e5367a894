#include "pipeline/model/lora_fuse.h"

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/model/tensor_files.h"

namespace sameseed {
namespace {

// Where it lies in the mapped file, if it has the right type and may lie there.
at::Tensor half_of(const TensorView& view, at::ScalarType type) {
  const at::ScalarType stored = scalar_type_of(view.dtype).value();  // the reader saw to it
  const bool misaligned =
      reinterpret_cast<std::uintptr_t>(view.data.data()) % c10::elementSize(stored) != 0;
  std::vector<std::byte> aligned;
  const std::byte* data = view.data.data();
  if (misaligned) {
    aligned.assign(view.data.begin(), view.data.end());
    data = aligned.data();
  }
  // The mapping is read-only and from_blob wants a mutable pointer; nobody writes to it.
  return at::from_blob(const_cast<std::byte*>(data), view.shape, at::TensorOptions().dtype(stored))
      .to(type, /*non_blocking=*/false, /*copy=*/misaligned);
}

at::Tensor delta_of(const LoraDelta& delta, const at::Tensor& weight) {
  const at::ScalarType type = weight.scalar_type();
  at::Tensor down = half_of(delta.down, type), up = half_of(delta.up, type);
  if (type == at::kHalf || type == at::kBFloat16)
    down = down.to(at::kFloat), up = up.to(at::kFloat);
  at::Tensor product;
  if (weight.dim() == 2) {
    product = at::matmul(up, down) * delta.scaling;
  } else if (weight.size(2) == 1 && weight.size(3) == 1) {
    product =
        at::matmul(up.squeeze(3).squeeze(2), down.squeeze(3).squeeze(2)).unsqueeze(2).unsqueeze(3) *
        delta.scaling;
  } else {
    product = at::conv2d(down.transpose(0, 1), up).transpose(0, 1) * delta.scaling;
  }
  return product.to(type);
}

// Memory of the weight's size that begins at the same place of a cache line: a product in float32
// rounds differently elsewhere, and diffusers adds to the weight where it lies.
at::Tensor room_like(const at::Tensor& weight) {
  constexpr std::uintptr_t kLine = 64;
  const std::int64_t size = static_cast<std::int64_t>(weight.element_size());
  const at::Tensor memory =
      at::empty({weight.numel() + static_cast<std::int64_t>(kLine) / size}, weight.options());
  const auto begin = reinterpret_cast<std::uintptr_t>(memory.const_data_ptr()),
             wanted = reinterpret_cast<std::uintptr_t>(weight.const_data_ptr());
  const auto skip = static_cast<std::int64_t>((wanted - begin) % kLine) / size;
  return memory.narrow(0, skip, weight.numel()).view(weight.sizes());
}

}  // namespace

at::Tensor with_loras(const at::Tensor& weight, const std::vector<LoraDelta>& deltas) {
  at::Tensor fused = room_like(weight).copy_(weight);
  for (const LoraDelta& delta : deltas) fused.add_(delta_of(delta, weight));
  return fused;
}

}  // namespace sameseed
