// What `--trace` writes, on a small model.
#include "pipeline/watch/trace.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "io/files.h"
#include "io/safetensors.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "pipeline/protocol.h"
#include "reference/reference_engine.h"
#include "tests/reference/goldens.h"

namespace sameseed {
namespace {

class TraceOfAPicture : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    engine_->load({.model = kGoldens / "model_a", .threads = 1});
    request_.noise = folder_ / "noise.safetensors";
    draw_noise({.model = kGoldens / "model_a",
                .seed = 1,
                .width = 64,
                .height = 64,
                .out = request_.noise});
    request_.tensors = folder_ / "tensors.safetensors";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Generation generate_traced() {
    request_.trace = folder_ / "trace.safetensors";
    const Generation made = engine_->generate(request_);
    latents_ = load_tensor(request_.trace, "latents");
    norms_ = load_tensor(request_.trace, "block_norms");
    return made;
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) /
      ("trace-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
  const std::unique_ptr<Engine> engine_ = make_reference_engine(at::kCPU);
  Request request_{.prompt = "a cat", .steps = 3, .guidance = 1, .width = 64, .height = 64};
  at::Tensor latents_, norms_;
};

TEST_F(TraceOfAPicture, HoldsTheLatentsOfEveryStepAndTheNormOfEveryBlock) {
  generate_traced();
  EXPECT_EQ(latents_.sizes(), (at::IntArrayRef{3, 4, 8, 8}));
  EXPECT_TRUE(at::equal(latents_[2], load_tensor(request_.tensors, "latents")[0]));
  EXPECT_EQ(SafetensorsFile::open(request_.trace).metadata().at("blocks"),
            "conv_in down_blocks.0 down_blocks.1 down_blocks.2 mid_block up_blocks.0 up_blocks.1 "
            "up_blocks.2 conv_out");
  EXPECT_EQ(norms_.sizes(), (at::IntArrayRef{3, 9}));
  EXPECT_TRUE((norms_ > 0).all().item<bool>());
  // Without guidance the UNet's output is the noise prediction.
  for (const auto& [step, name] : {std::pair{0, "noise_pred_first"}, {2, "noise_pred_last"}})
    EXPECT_NEAR(norms_[step][8].item<double>(),
                load_tensor(request_.tensors, name).to(at::kDouble).norm().item<double>(),
                1e-9);  // both in double
}

// Hooks on diffusers' own modules, see make_trace_goldens.py.
TEST_F(TraceOfAPicture, EqualsDiffusersWithinRounding) {
  const nlohmann::json cases = read_json(kGoldens / "cases.json").at("cases");
  int seen = 0;
  for (const nlohmann::json& one : cases) {
    const std::filesystem::path file =
        kGoldens / ("trace_" + one.at("name").get<std::string>() + ".safetensors");
    if (!std::filesystem::exists(file)) continue;
    const std::string model = kGoldens / ("model_" + one.at("model").get<std::string>());
    engine_->load({.model = model, .threads = 1});
    nlohmann::json message = {{"noise", request_.noise}};
    for (const char* name : {"prompt", "negative", "seed", "steps", "guidance"})
      message[name] = one.at(name);
    message["size"] = one.at("width").dump() + "x" + one.at("height").dump();
    request_ = read_request(message);
    draw_noise({.model = model,
                .seed = request_.seed,
                .width = request_.width,
                .height = request_.height,
                .out = request_.noise});
    generate_traced();
    ++seen;
    EXPECT_EQ(SafetensorsFile::open(request_.trace).metadata(),
              SafetensorsFile::open(file).metadata());
    const at::Tensor wanted = load_tensor(file, "latents"),
                     wanted_norms = load_tensor(file, "block_norms");
    double latents = 0, norms = 0;
    for (int step = 0; step < request_.steps; ++step) {
      latents = std::max(latents, relative_l2(latents_[step], wanted[step]));
      for (std::int64_t block = 0; block < wanted_norms.size(1); ++block)
        norms = std::max(norms, relative_l2(norms_[step][block], wanted_norms[step][block]));
    }
    const std::string name = one.at("name");
    expect_within(1e-5, latents, name + " latents");
    expect_within(1e-5, norms, name + " norms");
  }
  EXPECT_EQ(seen, 2);
}

TEST_F(TraceOfAPicture, ChangesNoBitOfIt) {
  request_.guidance = 5;
  const nlohmann::json plain = engine_->generate(request_).hashes;
  EXPECT_EQ(generate_traced().hashes, plain);
}

TEST_F(TraceOfAPicture, LeavesOutWhatAPartialStepDoesNotRun) {
  request_.deepcache = parse_deepcache("2/0/0");
  generate_traced();
  const auto absent = [&](int step) {
    std::string text;
    for (int block = 0; block < 9; ++block)
      text += std::isnan(norms_[step][block].item<double>()) ? '-' : 'x';
    return text;
  };
  EXPECT_EQ(absent(0), "xxxxxxxxx");
  EXPECT_EQ(absent(1), "x------xx");  // conv_in, the last up block, conv_out
  EXPECT_EQ(absent(2), "xxxxxxxxx");
}

}  // namespace
}  // namespace sameseed
