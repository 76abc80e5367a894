// Needs a GPU. Whole pictures of the embedded model, judged as a report judges them.
#include "reports/run/engagement.h"

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "pipeline/cuda/cuda_engine.h"
#include "pipeline/env_flags.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "reference/aten_backend.h"

namespace sameseed::cuda {
namespace {

using nlohmann::json;

const at::Device kGpu(at::kCUDA, 0);
const std::string kModel = std::string(SAMESEED_SOURCE_DIR) + "/reference/nano-sdxl";

// Pictures of 64x64 in four steps by one worker with both switches as given.
class Worker {
 public:
  Worker(const char* value, const std::string& vae_precision) : value_(value) {
    for (const char* name : {kConvHalf, kMatmulHalf}) ::setenv(name, value, 1);
    engine_ = make_accelerated_engine(
        [](at::ScalarType type) { return make_aten_backend(type, kGpu); }, kGpu, {});
    const LoadReport report =
        engine_->load({.model = kModel, .vae_precision = vae_precision, .cold = true});
    load_ = {{"effective", report.effective}, {"engagement", report.engagement}};
    for (const char* name : {kConvHalf, kMatmulHalf}) ::unsetenv(name);
  }

  Generation make(const std::optional<DeepCache>& deepcache = std::nullopt) const {
    Request request{.prompt = "an owl", .steps = 4, .width = 64, .height = 64};
    request.deepcache = deepcache;
    request.noise = std::filesystem::path(testing::TempDir()) / "engagement-noise.safetensors";
    draw_noise({.model = kModel,
                .steps = 4,
                .seed = 1,
                .width = 64,
                .height = 64,
                .precision = "fp16",
                .out = request.noise});
    return engine_->generate(request);
  }

  // "engaged", or what is wrong with either switch.
  std::string judged(const Generation& made) const {
    const SampleRecord sample{.sample = "s",
                              .effective = std::make_shared<json>(made.effective),
                              .engagement = std::make_shared<json>(made.engagement)};
    ArmEvidence arm{
        .name = "candidate", .engine = "accelerated", .asked = {}, .samples = {&sample}};
    for (const char* name : {kConvHalf, kMatmulHalf})
      arm.asked[std::string("env.") + name] = value_;
    arm.load = &load_;
    for (const auto& [axis, proof] : engagement_of(arm, {})) {
      printf("  %s = %s: %s: %s\n", axis.c_str(), value_.c_str(), proof.verdict.c_str(),
             proof.evidence.c_str());
      if (proof.verdict != "engaged") return axis + ": " + proof.evidence;
    }
    return "engaged";
  }

 private:
  std::string value_;
  std::unique_ptr<Engine> engine_;
  json load_;
};

class CudaEngagement : public testing::TestWithParam<const char*> {};

TEST_P(CudaEngagement, IsJudgedByItsOwnNetworksWhateverTheVaesPrecision) {
  for (const char* value : {"0", "1"}) {
    const Worker worker(value, GetParam());
    const Generation made = worker.make();
    EXPECT_EQ(worker.judged(made), "engaged");
    const json &vae = made.engagement.at("vae"), &text = made.engagement.at("text");
    const bool counted = GetParam() != std::string("fp32");  // which ATen computes
    EXPECT_EQ(vae.at("conv_float") > 0, counted);
    EXPECT_EQ(vae.at("matmul_float") > 0, counted);
    EXPECT_EQ(vae.at("conv_half"), 0);
    EXPECT_EQ(vae.at("matmul_half"), 0);
    EXPECT_EQ(text.at("conv_half"), 0);
    EXPECT_EQ(text.at("conv_float"), 0);
    EXPECT_FALSE(made.engagement.contains("conv_half"));
  }
}

INSTANTIATE_TEST_SUITE_P(Vae, CudaEngagement, testing::Values("fp16", "bf16", "fp32"),
                         [](const auto& one) { return std::string(one.param); });

// Warm-ups before a capture are no part of the picture; a replay counts what it runs.
TEST(CudaCounters, AreThoseOfThePictureWhetherItsGraphsWereCapturedForItOrBefore) {
  const Worker worker("1", "fp16");
  for (const auto& deepcache : {std::optional<DeepCache>(), std::optional(DeepCache{.interval = 3}),
                                std::optional(DeepCache{.interval = 3, .layer = 1})}) {
    const json first = worker.make(deepcache).engagement,
               second = worker.make(deepcache).engagement;
    for (const char* network : {"text", "unet", "vae"})
      EXPECT_EQ(first.at(network), second.at(network)) << network;
    EXPECT_EQ(first.at("graphs_replayed"), 4);
  }
}

TEST(CudaCounters, OfTheUnetGrowWithDeepCachesPlace) {
  const Worker worker("1", "fp16");
  const auto calls = [&](const std::optional<DeepCache>& deepcache) {
    const json unet = worker.make(deepcache).engagement.at("unet");
    return unet.at("conv_half").get<int>() + unet.at("matmul_half").get<int>();
  };
  const int shallow = calls(DeepCache{.interval = 3}),
            deeper = calls(DeepCache{.interval = 3, .layer = 1}), all = calls(std::nullopt);
  EXPECT_LT(shallow, deeper);
  EXPECT_LT(deeper, all);
}

// What both halves of guidance have in common is computed once, for each picture of the batch.
TEST(CudaBatch, HasThePicturesThatAreMadeAlone) {
  const c10::InferenceMode guard;
  const std::filesystem::path folder = testing::TempDir();
  const std::string noise = folder / "batch-noise.safetensors";
  draw_noise({.model = kModel,
              .steps = 4,
              .seed = 1,
              .width = 64,
              .height = 64,
              .batch = 3,
              .precision = "fp16",
              .out = noise});
  const auto engine = make_accelerated_engine(
      [](at::ScalarType type) { return make_aten_backend(type, kGpu); }, kGpu, {});
  engine->load({.model = kModel, .cold = true});
  const auto latents = [&](int batch, const std::string& from, std::optional<DeepCache> deepcache) {
    Request request{.prompt = "an owl", .steps = 4, .width = 64, .height = 64, .batch = batch};
    request.deepcache = deepcache;
    request.noise = from;
    request.latents = folder / "batch-latents.safetensors";
    engine->generate(request);
    return load_tensor(request.latents, "latents").to(at::kDouble);
  };
  const at::Tensor drawn = load_tensor(noise, "noise");
  for (const auto& deepcache :
       {std::optional<DeepCache>(), std::optional(DeepCache{.interval = 3})}) {
    const at::Tensor together = latents(3, noise, deepcache);
    for (std::int64_t i = 0; i < 3; ++i) {
      const std::string one = folder / "one-noise.safetensors";
      save_tensors(one, {{"noise", drawn.slice(0, i, i + 1).clone()}});
      const at::Tensor alone = latents(1, one, deepcache);
      const double off = ((together[i] - alone[0]).norm() / alone.norm()).item<double>();
      printf("  picture %ld: %.2e from the one made alone\n", long{i}, off);
      EXPECT_LT(off, 2e-2);  // other algorithms; another picture is 1 off
    }
  }
}

// A small picture behind a large one has the small one's peak.
TEST(CudaPeakMemory, IsThatOfEachPicture) {
  const Worker worker("0", "fp16");
  const auto peak = [&] { return worker.make().peak_memory; };
  peak();
  const std::int64_t before = peak();
  {
    const at::Tensor large =
        at::empty({256 << 20}, at::TensorOptions().dtype(at::kByte).device(kGpu));
  }
  EXPECT_LT(peak(), before + (64 << 20));
}

}  // namespace
}  // namespace sameseed::cuda
