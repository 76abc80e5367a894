// Samplers and fields of a request against diffusers' latents
// (tests/goldens/make_parity_goldens.py --requests).
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "io/error.h"
#include "io/files.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "pipeline/protocol.h"
#include "pipeline/token_ids.h"
#include "reference/reference_engine.h"
#include "tests/reference/goldens.h"

namespace sameseed {
namespace {

using nlohmann::json;

class Requests : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Makes what `row` of requests.json asks for.
  Generation make(const json& row) {
    const std::string model = (kGoldens / row.at("model").get<std::string>()).string(),
                      scheduler = row.at("scheduler");
    std::unique_ptr<Engine>& engine = engines_[model + scheduler];
    if (!engine) {
      engine = make_reference_engine(at::kCPU);
      engine->load({.model = model, .scheduler = scheduler, .threads = 1});
    }
    Request request = read_request(row.at("request"));
    request.noise = folder_ / "noise.safetensors";
    request.latents = folder_ / "latents.safetensors";
    draw_noise({.model = model,
                .scheduler = scheduler,
                .steps = request.steps,
                .timesteps = request.timesteps,
                .sigmas = request.sigmas,
                .seed = request.seed,
                .width = request.width,
                .height = request.height,
                .batch = request.batch,
                .out = request.noise});
    return engine->generate(request);
  }
  at::Tensor latents() const { return load_tensor(folder_ / "latents.safetensors", "latents"); }

  // A request of model a that a test changes.
  static json plain(const json& fields) {
    json request = {{"prompt", "a cat"}, {"steps", 2}, {"size", "64x56"}};
    request.update(fields);
    return {{"model", "model_a"}, {"scheduler", ""}, {"request", request}};
  }
  std::string refusal(const json& fields) {
    try {
      make(plain(fields));
      return "taken";
    } catch (const UserError& error) {
      return error.what();
    }
  }

  const std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "requests";

 private:
  std::map<std::string, std::unique_ptr<Engine>> engines_;
};

TEST_F(Requests, GiveTheLatentsOfDiffusers) {
  constexpr double kOfLatents = 1.2e-5;  // of a correct fp32 program: tests/goldens/README.md
  for (const json& row : read_json(kGoldens / "requests.json")) {
    const std::string name = row.at("name");
    make(row);
    expect_within(kOfLatents,
                  relative_l2(latents(), load_tensor(kGoldens / "requests.safetensors", name)),
                  name);
  }
}

// The outside engines' way to the same hash: of token ids alone, without the networks.
TEST_F(Requests, StateTheTokensOfBothEncoders) {
  const auto hash = [&](json fields) {
    fields.update({{"guidance", 5.0}, {"negative", "blurry"}});
    const json row = plain(fields);
    const std::string made = make(row).hashes.at("token_ids");
    EXPECT_EQ(made, TokenIdHasher(kGoldens / "model_a").hash_of(read_request(row.at("request"))));
    return made;
  };
  const std::string plain_hash = hash({});
  EXPECT_EQ(hash({{"prompt_2", "a cat"}, {"negative_2", "blurry"}}), plain_hash);
  EXPECT_NE(hash({{"prompt_2", "an owl"}}), plain_hash);
  EXPECT_NE(hash({{"negative_2", "ugly"}}), plain_hash);
}

TEST_F(Requests, WarnOfWhatDiffusersDoesNotRead) {
  const auto warnings = [&](const json& fields) { return make(plain(fields)).warnings; };
  EXPECT_EQ(warnings({{"negative", ""}, {"negative_2", "ugly"}}), std::vector<std::string>());
  const std::pair<json, const char*> unread[] = {
      {{{"negative_2", "ugly"}}, "negative_2 is not read"},
      {{{"negative_original_size", "64x64"}}, "give both"},
      {{{"negative_crops_coords_top_left", {1, 2}}}, "give both"}};
  for (const auto& [fields, words] : unread) {
    const auto said = warnings(fields);
    ASSERT_EQ(said.size(), 1u) << fields;
    EXPECT_NE(said[0].find(words), std::string::npos) << said[0];
  }
}

// Five steps of Heun's method: the network is asked nine times, and each is a step to all who
// count.
TEST_F(Requests, CountEvaluationsWhereASamplerHasTwoInAStep) {
  json row = plain({{"steps", 5}, {"deepcache", "3/branch:1"}});
  row["scheduler"] = "HeunDiscreteScheduler";
  const auto made = [&] {
    row["request"]["trace"] = folder_ / "trace.safetensors";
    const Generation generation = make(row);
    EXPECT_EQ(generation.step_ms.size(), 9u);
    EXPECT_EQ(generation.step_full.size(), 9u);
    EXPECT_EQ(load_tensor(folder_ / "trace.safetensors", "latents").size(0), 9);
    return generation.engagement;
  };
  const json by_timestep = made();
  EXPECT_EQ(by_timestep.at("full_steps"), (json{0, 3, 4}));  // which repeat in pairs
  EXPECT_EQ(by_timestep.at("steps_partial"), 6);
  const json& timesteps = by_timestep.at("timesteps");
  ASSERT_EQ(timesteps.size(), 9u);
  EXPECT_EQ(timesteps[3], timesteps[4]);
  EXPECT_GT(timesteps[2], timesteps[3]);
  row["request"]["deepcache"] = "3/0/0";
  EXPECT_EQ(made().at("full_steps"), (json{0, 3}));
  EXPECT_FALSE(made().contains("timesteps"));
}

TEST_F(Requests, SkipNoMoreLayersThanTheTextEncodersHave) {
  EXPECT_EQ(refusal({{"clip_skip", 2}}), "taken");
  EXPECT_EQ(refusal({{"clip_skip", 3}}),
            "clip_skip = 3: at most 2, as the text encoders have 3 and 3 layers");
}

}  // namespace
}  // namespace sameseed
