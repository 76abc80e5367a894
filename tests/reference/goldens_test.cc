// diffusers' own results, made by tests/goldens/make_parity_goldens.py: what a correct fp32 program
// must give. Limits: two correct sets of kernels differ by up to 1.3e-5 in the final latents, the
// mildest of the usual mistakes by 9e-5.
#include "tests/reference/goldens.h"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/files.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "pipeline/protocol.h"
#include "pipeline/schedulers/scheduler.h"
#include "pipeline/text/tokenizer.h"
#include "reference/reference_engine.h"

namespace sameseed {
namespace {

using nlohmann::json;

// The goldens were made with AVX-512. With other vectors LibTorch adds up in another order, and
// what steps in a row do to that (a model of random weights damps nothing) is up to 22 times as far
// off with AVX2, where diffusers itself, run beside it, is equal to the bit.
double of_all_steps(double limit) {
  return at::get_cpu_capability() == "AVX512" ? limit : 60 * limit;
}

const std::map<std::string, double>& limits() {
  static const std::map<std::string, double> all = {{"noise", 1e-6},
                                                    {"prompt_embeds", 2e-6},
                                                    {"negative_prompt_embeds", 2e-6},
                                                    {"add_time_ids", 0},
                                                    {"pooled_prompt_embeds", 3e-6},
                                                    {"negative_pooled_prompt_embeds", 3e-6},
                                                    {"timesteps", 5e-6},
                                                    {"sigmas", 5e-6},
                                                    {"noise_pred_first", 3e-5},
                                                    {"noise_pred_last", of_all_steps(1e-4)},
                                                    {"latents", of_all_steps(5e-5)}};
  return all;
}

// The picture in 0..1, and the one of 8 bits that was written: rounded half to even, where rounding
// errors may tip a few values over.
void expect_picture(const at::Tensor& got, const Image& written, const at::Tensor& wanted) {
  EXPECT_LE((got - wanted).abs().max().item<double>(), of_all_steps(1e-4));
  const at::Tensor bytes =
      at::from_blob(const_cast<std::uint8_t*>(written.rgb.data()),
                    {written.height, written.width, 3}, at::TensorOptions().dtype(at::kByte));
  const at::Tensor off =
      (bytes.permute({2, 0, 1}).to(at::kFloat) - (wanted[0] * 255).round()).abs();
  EXPECT_LE(off.max().item<double>(), of_all_steps(1e-4) < 1e-3 ? 1 : 2);
  EXPECT_LE((off > 0).to(at::kDouble).mean().item<double>(), of_all_steps(0.002));
}

class Goldens : public ::testing::TestWithParam<json> {
 protected:
  static Request request_of(const json& c, const std::filesystem::path& folder) {
    json message = {{"prompt", c.at("prompt")},
                    {"negative", c.at("negative")},
                    {"seed", c.at("seed")},
                    {"steps", c.at("steps")},
                    {"guidance", c.at("guidance")},
                    {"deepcache", c.at("deepcache")},
                    {"noise", (folder / "noise.safetensors").string()},
                    {"image", (folder / "image.png").string()},
                    {"tensors", (folder / "all.safetensors").string()}};
    message["size"] =
        std::to_string(c.at("width").get<int>()) + "x" + std::to_string(c.at("height").get<int>());
    return read_request(message);
  }
};

TEST_P(Goldens, EqualDiffusersWithinRounding) {
  const json& c = GetParam();
  const auto folder =
      std::filesystem::path(::testing::TempDir()) / ("golden-" + c.at("name").get<std::string>());
  const auto engine = make_reference_engine(at::kCPU);
  const std::string model = (kGoldens / ("model_" + c.at("model").get<std::string>())).string();
  engine->load({.model = model, .threads = 1});
  const Request request = request_of(c, folder);
  draw_noise({.model = model,
              .seed = request.seed,
              .width = request.width,
              .height = request.height,
              .out = request.noise});
  engine->generate(request);

  const SafetensorsFile wanted = SafetensorsFile::open(kGoldens / c.at("file").get<std::string>());
  const SafetensorsFile got = SafetensorsFile::open(request.tensors);
  ASSERT_TRUE(wanted.tensors().contains("latents"));
  for (const auto& [name, view] : wanted.tensors()) {
    const auto limit = limits().find(name);
    if (limit == limits().end())
      continue;  // token ids, init_noise_sigma and pictures have tests of their own
    ASSERT_TRUE(got.tensors().contains(name)) << name;
    EXPECT_LE(relative_l2(load_tensor(request.tensors, name), load_tensor(wanted.path(), name)),
              limit->second)
        << name;
  }
  if (wanted.tensors().contains("image"))
    expect_picture(load_tensor(request.tensors, "image"), read_png(request.image),
                   load_tensor(wanted.path(), "image"));
  EXPECT_EQ(wanted.tensors().contains("negative_prompt_embeds"),
            wanted.tensors().size() > 1 && got.tensors().contains("negative_prompt_embeds"));
  std::filesystem::remove_all(folder);
}

std::vector<json> cases() {
  return read_json(kGoldens / "cases.json").at("cases").get<std::vector<json>>();
}

INSTANTIATE_TEST_SUITE_P(Parity, Goldens, ::testing::ValuesIn(cases()), [](const auto& parameter) {
  return parameter.param.at("name").template get<std::string>();
});

TEST(EulerScheduler, EqualsDiffusersForEveryOption) {
  const json rows = read_json(kGoldens / "schedulers.json");
  std::size_t seen = 0;
  for (const json& row : rows.is_array() ? rows : rows.at("cases")) {
    SchedulerConfig config{
        .beta_start = 0.00085, .beta_end = 0.012, .beta_schedule = "scaled_linear"};
    config.timestep_spacing = row.at("timestep_spacing");
    config.use_karras_sigmas = row.at("use_karras_sigmas");
    config.prediction_type = row.at("prediction_type");
    config.steps_offset = row.at("steps_offset");
    const auto scheduler = make_scheduler(config, row.at("steps"));
    const auto expect_near = [&](const at::Tensor& got, const std::vector<double>& wanted,
                                 const char* what) {
      ASSERT_EQ(got.numel(), static_cast<std::int64_t>(wanted.size())) << row.dump();
      const at::Tensor flat = got.flatten();
      for (std::size_t i = 0; i < wanted.size(); ++i)
        EXPECT_NEAR(flat[static_cast<std::int64_t>(i)].item<double>(), wanted[i],
                    5e-6 * std::max(1.0, std::abs(wanted[i])))
            << what << " " << i << " of " << row.dump();
    };
    expect_near(scheduler->timesteps(), row.at("timesteps"), "timestep");
    expect_near(scheduler->sigmas(), row.at("sigmas"), "sigma");
    expect_near(scheduler->init_noise_sigma(), {row.at("init_noise_sigma").get<double>()},
                "init_noise_sigma");
    ++seen;
  }
  EXPECT_GE(seen, 24u);
}

TEST(Tokenizer, GivesTheIdsOfTransformersForNastyPrompts) {
  const json golden = read_json(kGoldens / "tokens.json");
  const auto first = Tokenizer::open(kGoldens / "model_a/tokenizer"),
             second = Tokenizer::open(kGoldens / "model_a/tokenizer_2");
  std::size_t seen = 0;
  for (const json& row : golden.is_array() ? golden : golden.at("prompts")) {
    const std::string prompt = row.at("prompt");
    EXPECT_EQ(first.encode(prompt).ids, row.at("input_ids").get<std::vector<std::int64_t>>())
        << prompt;
    EXPECT_EQ(second.encode(prompt).ids, row.at("input_ids_2").get<std::vector<std::int64_t>>())
        << prompt;
    ++seen;
  }
  EXPECT_GE(seen, 10u);
}

TEST(DeepCache, WithIntervalOneEqualsNoDeepCacheToTheBit) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "interval-one";
  const auto engine = make_reference_engine(at::kCPU);
  const std::string model = (kGoldens / "model_a").string();
  engine->load({.model = model, .threads = 1});
  Request request{.prompt = "a cat", .steps = 4, .width = 64, .height = 64};
  request.noise = (folder / "noise.safetensors").string();
  draw_noise({.model = model, .seed = 1, .width = 64, .height = 64, .out = request.noise});
  const auto plain = engine->generate(request);
  request.deepcache = parse_deepcache("1/0/0");
  EXPECT_EQ(engine->generate(request).hashes, plain.hashes);
  request.deepcache = parse_deepcache("2/0/0");
  EXPECT_NE(engine->generate(request).hashes.at("latents"), plain.hashes.at("latents"));
  request.deepcache.reset();  // nothing of the cache may stay behind
  EXPECT_EQ(engine->generate(request).hashes, plain.hashes);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sameseed
