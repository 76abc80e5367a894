// `sameseed image`, as a user starts it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/seeded_model/seeded_model.h"
#include "bench/system/programs.h"
#include "io/files.h"
#include "io/safetensors.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kProgram = std::string(SAMESEED_BINARY_DIR) + "/bin/sameseed";
const std::string kModel = std::string(SAMESEED_SOURCE_DIR) + "/tests/goldens/parity/model_a";

class Image : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Runs `sameseed image` with these options and opens the tensors that it wrote.
  SafetensorsFile tensors_of(std::vector<std::string> options) const {
    options.insert(options.begin(), {kProgram, "image", "--out", folder_ + "/x.png", "--tensors",
                                     folder_ + "/x.safetensors"});
    EXPECT_EQ(run_program(options), 0);
    return SafetensorsFile::open(folder_ + "/x.safetensors");
  }

  const std::string folder_ = ::testing::TempDir() + "image-" +
                              ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(Image, WritesExactlyTheTensorsThatAreNamedForIt) {
  std::vector<std::string> options = {"--model", kModel, "--prompt", "a cat",
                                      "--steps", "3",    "--size",   "64x56"};
  std::set<std::string> names = {"noise",
                                 "prompt_embeds",
                                 "negative_prompt_embeds",
                                 "pooled_prompt_embeds",
                                 "negative_pooled_prompt_embeds",
                                 "add_time_ids",
                                 "timesteps",
                                 "sigmas",
                                 "noise_pred_first",
                                 "noise_pred_last",
                                 "latents",
                                 "image"};
  const auto expect_names = [&](const SafetensorsFile& file) {
    std::set<std::string> written;
    for (const auto& [name, view] : file.tensors()) written.insert(name);
    EXPECT_EQ(written, names);
  };
  const SafetensorsFile guided = tensors_of(options);
  expect_names(guided);
  const auto shape = [&](const char* name) { return guided.tensors().at(name).shape; };
  using Shape = std::vector<std::int64_t>;
  EXPECT_EQ(shape("noise"), (Shape{1, 4, 7, 8}));
  EXPECT_EQ(shape("latents"), (Shape{1, 4, 7, 8}));
  EXPECT_EQ(shape("noise_pred_last"), (Shape{1, 4, 7, 8}));  // after guidance: one, not two
  EXPECT_EQ(shape("timesteps"), (Shape{3}));
  EXPECT_EQ(shape("sigmas"), (Shape{4}));
  EXPECT_EQ(shape("add_time_ids"), (Shape{1, 6}));
  EXPECT_EQ(shape("image"), (Shape{1, 3, 56, 64}));

  options.insert(options.end(), {"--guidance", "1"});
  names.erase("negative_prompt_embeds");
  names.erase("negative_pooled_prompt_embeds");
  expect_names(tensors_of(options));
}

TEST_F(Image, GivesTheLatentsOfTheSameCaseOfARunToTheBit) {
  write_file(folder_ + "/m.json",
             R"({"schema":"sameseed/matrix/1","name":"t","reference":{"engine":"reference"},
          "candidate":{"engine":"accelerated"},"axes":{"candidate.request.deepcache":["2/0/0"]},
          "requests":{"prompts":["a red apple"],"seeds":[5],"size":"64x64","steps":4,"guidance":3},
          "timing":{"warmup":0,"blocks":0}})");
  const std::string run = folder_ + "/run";
  ASSERT_EQ(run_program({kProgram, "plan", folder_ + "/m.json", "--model", kModel, "--out", run,
                         "--quiet"}),
            0);
  ASSERT_EQ(run_program({kProgram, "generate", run, "--quiet"}), 0);
  const json plan = read_json(run + "/plan.json");
  const auto expect_latents = [&](const json& pair, const char* arm, const SafetensorsFile& again) {
    for (const json& sample : plan.at("samples"))
      if (sample.at("kind") == "quality" && sample.at("case") == pair.at(arm)) {
        const auto file = SafetensorsFile::open(
            run + "/latents/" + sample.at("id").get<std::string>() + ".safetensors");
        EXPECT_TRUE(std::ranges::equal(file.tensors().at("latents").data,
                                       again.tensors().at("latents").data))
            << arm;
        return;
      }
    FAIL() << "the run has no such sample";
  };
  const json& pair = plan.at("comparisons").at(0).at("pairs").at(0);
  expect_latents(pair, "reference",
                 tensors_of({"--model", kModel, "--engine", "reference", "--prompt", "a red apple",
                             "--seed", "5", "--steps", "4", "--guidance", "3", "--size", "64x64"}));
  expect_latents(pair, "candidate",
                 tensors_of({"--case", run + "/" + pair.at("candidate").get<std::string>()}));
}

TEST_F(Image, VisitsTheTimestepsThatAreAskedFor) {  // DMD2's recipe
  const SafetensorsFile tensors =
      tensors_of({"--model", kModel, "--prompt", "a cat", "--size", "64x56", "--guidance", "0",
                  "--scheduler", "LCMScheduler", "--set", "request.timesteps=[999,749,499,249]"});
  const auto times = tensors.tensors().at("timesteps").data;
  ASSERT_EQ(times.size(), 4 * sizeof(float));
  std::vector<float> visited(4);
  std::memcpy(visited.data(), times.data(), times.size());
  EXPECT_EQ(visited, (std::vector<float>{999, 749, 499, 249}));
  EXPECT_EQ(run_program({kProgram, "image", "--model", kModel, "--prompt", "a cat", "--out",
                         folder_ + "/y.png", "--scheduler", "DDIMScheduler", "--set",
                         "request.timesteps=[999]"}),
            1);
}

TEST_F(Image, KeepsATraceWhoseLastLatentsAreItsOwn) {
  const std::string trace = folder_ + "/t.safetensors";
  const SafetensorsFile tensors = tensors_of({"--model", kModel, "--prompt", "a cat", "--steps",
                                              "3", "--size", "64x56", "--trace", trace});
  const SafetensorsFile traced = SafetensorsFile::open(trace);
  const TensorView& steps = traced.tensors().at("latents");
  EXPECT_EQ(steps.shape, (std::vector<std::int64_t>{3, 4, 7, 8}));
  EXPECT_TRUE(std::ranges::equal(steps.data.last(steps.data.size() / 3),
                                 tensors.tensors().at("latents").data));
  EXPECT_EQ(traced.tensors().at("block_norms").shape, (std::vector<std::int64_t>{3, 9}));
}

// In half precision, as it is stored. Described by a small model's configs: the scaling is the
// same.
TEST_F(Image, OfASeededModelIsFiniteAndNotOfOneColour) {
  const std::string model = folder_ + "/model";
  write_seeded_model({.description = kModel, .tokenizers = kModel, .seed = 3}, model, 1,
                     [](std::uint64_t, std::uint64_t) {});
  const SafetensorsFile tensors = tensors_of({"--model", model, "--prompt", "a cat", "--steps", "4",
                                              "--size", "64x64", "--set", "load.precision=fp16"});
  const TensorView& image = tensors.tensors().at("image");
  ASSERT_EQ(image.dtype, DType::kF32);
  const std::span<const float> values(reinterpret_cast<const float*>(image.data.data()),
                                      image.data.size() / sizeof(float));
  double sum = 0, squares = 0;  // finite only where every value is
  for (const float value : values) sum += value, squares += value * value;
  const double mean = sum / static_cast<double>(values.size());
  const double deviation = std::sqrt(squares / static_cast<double>(values.size()) - mean * mean);
  EXPECT_GT(deviation, 0.05);
  EXPECT_LT(deviation, 0.45);  // 0.5: nothing but black and white
}

}  // namespace
}  // namespace sameseed
