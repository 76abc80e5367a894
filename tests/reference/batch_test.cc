// Pictures made together: each is the one that its noise gives alone.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "io/picture.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "reference/reference_engine.h"
#include "tests/reference/goldens.h"

namespace sameseed {
namespace {

using at::Tensor;

// Rounding of fp32 only: products over more rows are split in other places.
constexpr double kRounding = 1e-5;

struct Made {
  Tensor latents;
  Image picture;
};

Made make(const Tensor& noise, double guidance, const std::string& deepcache) {
  const std::filesystem::path folder = ::testing::TempDir();
  const auto engine = make_reference_engine(at::kCPU);
  engine->load({.model = kGoldens / "model_a", .precision = "fp32", .threads = 1});
  Request request{.prompt = "a cat", .steps = 4, .guidance = guidance, .width = 64, .height = 48};
  request.batch = static_cast<int>(noise.size(0));
  if (!deepcache.empty()) request.deepcache = parse_deepcache(deepcache);
  request.noise = folder / "noise.safetensors";
  request.tensors = folder / "tensors.safetensors";
  request.image = folder / "image.png";
  save_tensors(request.noise, {{"noise", noise}});
  engine->generate(request);
  return {load_tensor(request.tensors, "latents"), read_picture(request.image).image};
}

Tensor noise_of_three() {
  const std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / "three.safetensors";
  draw_noise({.model = kGoldens / "model_a",
              .seed = 1,
              .width = 64,
              .height = 48,
              .batch = 3,
              .out = file});
  return load_tensor(file, "noise");
}

void expect_each_as_alone(double guidance, const std::string& deepcache) {
  const Tensor noise = noise_of_three();
  const Made together = make(noise, guidance, deepcache);
  ASSERT_EQ(together.latents.sizes(), noise.sizes());
  ASSERT_EQ(together.picture.height, 3 * 48);
  for (int i = 0; i < 3; ++i) {
    const Made alone = make(noise.slice(0, i, i + 1), guidance, deepcache);
    expect_within(kRounding, relative_l2(together.latents.slice(0, i, i + 1), alone.latents),
                  "picture " + std::to_string(i));
    const std::size_t size = alone.picture.rgb.size(), from = static_cast<std::size_t>(i) * size;
    for (std::size_t at = 0; at < size; ++at)
      ASSERT_NEAR(together.picture.rgb[from + at], alone.picture.rgb[at], 1) << i << " " << at;
  }
}

TEST(Batch, HoldsThePicturesOneBelowAnother) { expect_each_as_alone(5, ""); }

TEST(Batch, HoldsThemWithoutGuidanceAndWithDeepCacheToo) {
  expect_each_as_alone(1, "");
  expect_each_as_alone(5, "3/0/0");
}

TEST(Batch, BeginsWithTheNoiseOfASinglePicture) {
  const std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / "one.safetensors";
  draw_noise({.model = kGoldens / "model_a", .seed = 1, .width = 64, .height = 48, .out = file});
  EXPECT_TRUE(at::equal(noise_of_three().slice(0, 0, 1), load_tensor(file, "noise")));
}

}  // namespace
}  // namespace sameseed
