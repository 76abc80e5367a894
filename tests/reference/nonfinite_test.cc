// Models that overflow at a known place.
#include "pipeline/watch/nonfinite.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "pipeline/cpu/accelerated_engine.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "reference/aten_backend.h"
#include "reference/reference_engine.h"
#include "tests/reference/copied_model.h"

namespace sameseed {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Overflow : public CopiedModel {
 protected:
  // Scales one weight so that its largest value is `largest`.
  void scale(const std::string& component, const std::string& weight, double largest) const {
    const fs::path file = model_ / component / "diffusion_pytorch_model.safetensors";
    NamedTensors tensors = tensors_of(file);
    for (auto& [name, tensor] : tensors) tensor = tensor.to(at::kFloat);
    at::Tensor& one = tensors.at(weight);
    one = one / one.abs().max() * largest;  // in this order: the quotient may not fit a float
    save_tensors(file, tensors);
  }

  json generate(Engine& engine) const {
    engine.load({.model = model_, .threads = 1});
    Request request{.prompt = "a cat", .steps = 3, .width = 64, .height = 64};
    request.noise = folder_ / "noise.safetensors";
    draw_noise({.model = model_, .seed = 1, .width = 64, .height = 64, .out = request.noise});
    return engine.generate(request).nonfinite;
  }
  json generate_reference() const { return generate(*make_reference_engine(at::kCPU)); }
};

TEST_F(Overflow, IsNotReportedOfFinitePictures) { EXPECT_EQ(generate_reference(), json()); }

TEST_F(Overflow, IsFoundInTheLayerWhereItArises) {
  scale("unet", "down_blocks.1.resnets.0.conv2.weight", 3e38);  // fp32 ends at 3.4e38
  const json found = generate_reference();
  EXPECT_EQ(found.at("step"), 0);
  EXPECT_EQ(found.at("latents"), 4 * 8 * 8);
  EXPECT_EQ(found.at("image"), 3 * 64 * 64);
  const json& layers = found.at("layers");
  EXPECT_EQ(layers.at(0).at("layer"), "down_blocks.1.resnets.0.conv2");
  EXPECT_GT(layers.at(0).at("count").get<int>(), 0);
  EXPECT_EQ(layers.at(1).at("layer"), "down_blocks.1.resnets.0");
  EXPECT_EQ(layers.size(), 32u);
  EXPECT_GT(found.at("layers_affected").get<int>(), 32);
}

TEST_F(Overflow, OfHalfPrecisionIsFoundInTheAcceleratedArm) {
  scale("unet", "mid_block.resnets.0.conv1.weight", 6e4);  // fp16 ends at 65504
  const auto engine =
      make_accelerated_engine([](at::ScalarType type) { return make_aten_backend(type); });
  const json found = generate(*engine);
  EXPECT_EQ(found.at("step"), 0);
  EXPECT_EQ(found.at("layers").at(0).at("layer"), "mid_block.resnets.0.conv1");
  EXPECT_EQ(generate_reference(), json());  // whose fp32 holds it
}

TEST_F(Overflow, OfTheVaeIsNotBlamedOnTheUnet) {
  scale("vae", "decoder.mid_block.resnets.0.conv1.weight", 3e38);
  const json found = generate_reference();
  EXPECT_EQ(found.at("latents"), 0);
  EXPECT_GT(found.at("image").get<int>(), 0);
  EXPECT_TRUE(found.at("step").is_null());
  EXPECT_EQ(found.at("layers").at(0).at("layer"), "decoder.mid_block.resnets.0.conv1");
}

TEST(NonfiniteFinder, NamesTheFirstStepWhoseLatentsBroke) {
  const at::Tensor good = at::ones({2}), bad = at::tensor({1.0f, NAN});
  NonfiniteFinder finder;
  finder.module("conv_in", bad);  // and something made it finite again
  EXPECT_TRUE(finder.step(good));
  finder.input("norm", bad);
  finder.module("norm", bad);
  finder.input("conv", bad);
  EXPECT_FALSE(finder.step(bad));
  const json found = finder.found();
  EXPECT_EQ(found.at("step"), 1);
  EXPECT_EQ(found.at("layers").dump(),
            R"([{"count":1,"layer":"input of norm"},{"count":1,"layer":"norm"},)"
            R"({"count":1,"layer":"latents"}])");
}

}  // namespace
}  // namespace sameseed
