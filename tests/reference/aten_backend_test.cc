#include "reference/aten_backend.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pipeline/model/tensor_files.h"

namespace sameseed {
namespace {

// The weights of diffusers' layers ask for gradients, and ATen multiplies differently for those.
// PEFT freezes all of a component when any of its layers gets a LoRA.
TEST(AtenBackend, RoundsAStridedBatchAsDiffusersLayersDo) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "aten-linear";
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16})
    for (const auto& [batch, channels, pixels] :
         {std::tuple{2, 8, 35}, {2, 64, 256}, {1, 64, 256}, {2, 320, 64}}) {
      at::Tensor weight = (at::randn({channels, channels}) / std::sqrt(channels)).to(type),
                 bias = at::randn({channels}).to(type);
      save_tensors(folder / "m.safetensors", {{"weight", weight}, {"bias", bias}});
      const at::Tensor x = at::randn({batch, channels, pixels}).to(type).transpose(1, 2);
      const auto backend = make_aten_backend(type);
      const auto layer =
          backend->linear(Weights::open(folder, "m", "", type), channels, channels, /*bias=*/true);
      const at::Tensor got = layer->forward(x);
      weight.set_requires_grad(true);
      const at::Tensor wanted = at::linear(x, weight, bias.set_requires_grad(true)).detach();
      EXPECT_TRUE(at::equal(got, wanted))
          << at::toString(type) << " " << batch << " " << channels << " " << pixels;
      Weights with_lora = Weights::open(folder, "m", "", type);
      with_lora.fuse({{.component = "unet", .tensor = "another", .down = {}, .up = {}}});
      const at::Tensor frozen =
          backend->linear(with_lora, channels, channels, /*bias=*/true)->forward(x);
      EXPECT_TRUE(at::equal(frozen, at::linear(x, weight.detach(), bias.detach())))
          << "with a LoRA: " << at::toString(type) << " " << batch << " " << channels;
    }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sameseed
