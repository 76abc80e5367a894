// Steps made by a runner, as the GPU's graphs make them: here by a plain one that only records.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "pipeline/sdxl_engine.h"
#include "reference/aten_backend.h"
#include "tests/reference/goldens.h"

namespace sameseed {
namespace {

struct Recorded {
  std::vector<std::string> kinds;
  std::size_t kept = 0;
};

// Latents of one small picture, its steps called one by one or by a runner.
Tensor latents_of(const std::optional<DeepCache>& deepcache, Recorded* recorded) {
  const std::filesystem::path folder = ::testing::TempDir();
  SdxlEngine engine(
      "test", "fp32", at::kCPU, [recorded](const LoadOptions&, at::ScalarType vae_type) {
        Arithmetic arithmetic;
        arithmetic.backends.text = make_aten_backend(at::kFloat);
        arithmetic.backends.unet = make_aten_backend(at::kFloat);
        arithmetic.backends.vae = make_aten_backend(vae_type);
        if (recorded)
          arithmetic.backends.steps = {
              .keep =
                  [recorded](const std::vector<Tensor>& tensors) {
                    recorded->kept = tensors.size();
                    return tensors;
                  },
              .run =
                  [recorded](const std::string& kind, const std::vector<Tensor>& inputs,
                             const StepRunner::Step& step) {
                    recorded->kinds.push_back(kind);
                    return step(inputs);
                  }};
        return arithmetic;
      });
  engine.load({.model = kGoldens / "model_a", .precision = "fp32", .threads = 1});
  Request request{.prompt = "a cat", .steps = 4, .guidance = 5, .width = 64, .height = 64};
  request.deepcache = deepcache;
  request.noise = folder / "noise.safetensors";
  request.tensors = folder / "tensors.safetensors";
  draw_noise(
      {.model = kGoldens / "model_a", .seed = 1, .width = 64, .height = 64, .out = request.noise});
  engine.generate(request);
  return load_tensor(request.tensors, "latents");
}

// Rounding of fp32 only: what a runner has made before the loop comes from larger products.
constexpr double kRounding = 1e-5;

TEST(StepRunner, MakesTheSameLatentsWithWhatNeedsNoPictureMadeBeforeTheLoop) {
  Recorded recorded;
  expect_within(kRounding, relative_l2(latents_of({}, &recorded), latents_of({}, nullptr)),
                "latents");
  EXPECT_EQ(recorded.kinds, std::vector<std::string>(4, "full"));
  EXPECT_GT(recorded.kept, 0u);
  EXPECT_EQ(recorded.kept % 2, 0u);  // keys and values
}

TEST(StepRunner, HandsWhatDeepCacheKeepsFromFullStepsToPartialOnes) {
  const DeepCache every_third = parse_deepcache("3/0/1");
  Recorded recorded;
  expect_within(kRounding,
                relative_l2(latents_of(every_third, &recorded), latents_of(every_third, nullptr)),
                "latents");
  const std::string full = "full, keeping for 3 skips", partial = "partial, 3 skips";
  EXPECT_EQ(recorded.kinds, (std::vector<std::string>{full, partial, partial, full}));
}

}  // namespace
}  // namespace sameseed
