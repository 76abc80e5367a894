// Layers that round as no kernel of this CPU does.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <functional>
#include <limits>
#include <memory>

#include "tests/reference/wrapped_backend.h"

namespace sameseed {

// Wraps a backend so that each value of each layer's output moves by one last bit, up or down by a
// chance that `seed` decides.
inline std::function<std::unique_ptr<Backend>(std::unique_ptr<Backend>)> move_last_bits(
    std::uint64_t seed) {
  return [seed](std::unique_ptr<Backend> real) {
    const at::Generator random = at::detail::createCPUGenerator(seed);
    LayerEdits edits;
    edits.around = [random](const std::string&) {
      return LayerEdits::Around{
          .before = {}, .after = [random](const Tensor& x) {
            const Tensor up = at::rand(x.sizes(), random) < 0.5;
            return at::nextafter(
                x, at::where(up, at::full_like(x, std::numeric_limits<float>::infinity()),
                             at::full_like(x, -std::numeric_limits<float>::infinity())));
          }};
    };
    return std::make_unique<EditedBackend>(std::move(real), std::move(edits));
  };
}

}  // namespace sameseed
