// Which files a model is read from. The models are copies of a small one, changed by the tests.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

#include "io/files.h"
#include "io/safetensors.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/vae/vae.h"
#include "tests/reference/loaded_model.h"

namespace sameseed {
namespace {

class Loading : public LoadedModel {};

TEST_F(Loading, ReportsWhichVariantItRead) {
  for (const auto& [component, stem] : {std::pair{"unet", kStem},
                                        {"vae", kStem},
                                        {"text_encoder", "model"},
                                        {"text_encoder_2", "model"}}) {
    const fs::path plain = model_ / component / (std::string(stem) + ".safetensors");
    fs::copy(plain, model_ / component / (std::string(stem) + ".fp16.safetensors"));
    NamedTensors wide = tensors_of(plain);
    for (auto& [name, tensor] : wide) tensor = tensor.to(at::kFloat);
    save_tensors(plain, wide);
  }
  const Made plain = make({.model = model_}), fp16 = make({.model = model_, .variant = "fp16"});
  for (const auto& [component, files] : plain.report.files.items()) {
    const std::string stem = component.starts_with("text") ? "model" : kStem;
    EXPECT_EQ(names(files), std::vector{stem + ".safetensors"});
    EXPECT_EQ(files.at("variant"), "");
    EXPECT_EQ(files.at("stored_as"), "F32");
    EXPECT_EQ(names(fp16.report.files.at(component)), std::vector{stem + ".fp16.safetensors"});
    EXPECT_EQ(fp16.report.files.at(component).at("variant"), "fp16");
    EXPECT_EQ(fp16.report.files.at(component).at("stored_as"), "F16");
  }
  EXPECT_EQ(plain.report.files.size(), 4u);
  // The same numbers; products in float32 round by where their operands lie (as in diffusers).
  expect_within(1e-5, relative_l2(fp16.latents, plain.latents), "latents");
}

TEST_F(Loading, NamesThePrecisionInUseInEveryAnswer) {
  EXPECT_EQ(make_original().effective.at("precision"), "fp32");
  EXPECT_EQ(make({.model = kGoldens / "model_a", .precision = "fp64"}).effective.at("precision"),
            "fp64");
  // No picture in bf16: where a CPU has AMX and ATen is told to play AVX2, LibTorch's attention
  // throws.
  const LoadReport report = make_reference_engine(at::kCPU)->load(
      {.model = kGoldens / "model_a", .precision = "bf16", .threads = 1});
  EXPECT_EQ(report.effective.at("precision"), "bf16");
}

TEST_F(Loading, NamesTheVariantsThatAreThereWhereTheOneAskedForIsNot) {
  const fs::path unet = model_ / "unet";
  fs::rename(unet / (std::string(kStem) + ".safetensors"),
             unet / (std::string(kStem) + ".fp16.safetensors"));
  const std::string text = refusal({.model = model_});
  EXPECT_NE(text.find(std::string(kStem) + ".fp16.safetensors"), std::string::npos) << text;
  EXPECT_NE(text.find("--variant"), std::string::npos) << text;
}

TEST_F(Loading, NeverReadsPickles) {
  const fs::path unet = model_ / "unet";
  fs::rename(unet / (std::string(kStem) + ".safetensors"), unet / (std::string(kStem) + ".bin"));
  const std::string text = refusal({.model = model_});
  EXPECT_NE(text.find("convert the weights to safetensors"), std::string::npos) << text;
}

TEST_F(Loading, ReadsTheShardsThatAnIndexNames) {
  const fs::path unet = model_ / "unet", single = unet / (std::string(kStem) + ".safetensors");
  NamedTensors shards[2];
  nlohmann::json map = nlohmann::json::object();
  for (const auto& [name, tensor] : tensors_of(single)) {
    const int shard = name.starts_with("up_blocks") ? 1 : 0;
    shards[shard][name] = tensor;
    map[name] = shard == 0 ? "part-1.safetensors" : "part-2.safetensors";
  }
  save_tensors(unet / "part-1.safetensors", shards[0]);
  save_tensors(unet / "part-2.safetensors", shards[1]);
  write_file(unet / (std::string(kStem) + ".safetensors.index.json"),
             nlohmann::json{{"weight_map", map}}.dump());
  fs::remove(single);
  const Made sharded = make({.model = model_});
  EXPECT_EQ(names(sharded.report.files.at("unet")),
            (std::vector<std::string>{"part-1.safetensors", "part-2.safetensors"}));
  EXPECT_TRUE(sharded.report.warnings.empty());
  EXPECT_EQ(sharded.hashes, make_original().hashes);

  fs::remove(unet / "part-2.safetensors");
  const std::string text = refusal({.model = model_});
  EXPECT_NE(text.find("part-2.safetensors"), std::string::npos) << text;
}

TEST_F(Loading, TakesTheVaeFromAnotherFolder) {
  const fs::path vae = folder_ / "other-vae";
  fs::copy(kGoldens / "model_b/vae", vae);
  fs::remove_all(model_ / "vae");  // the model's own is not looked at
  const Made made = make({.model = model_, .vae = vae}), original = make_original();
  EXPECT_EQ(made.report.files.at("vae").at("files").at(0),
            (vae / (std::string(kStem) + ".safetensors")).string());
  EXPECT_EQ(made.hashes.at("latents"), original.hashes.at("latents"));
  EXPECT_NE(made.hashes.at("image"), original.hashes.at("image"));
}

TEST_F(Loading, ReadsPlainFilesOfAComponentThatLacksTheVariantAndWarns) {
  const fs::path vae = folder_ / "other-vae";
  fs::copy(kGoldens / "model_b/vae", vae);
  fs::rename(model_ / "unet" / (std::string(kStem) + ".safetensors"),
             model_ / "unet" / (std::string(kStem) + ".fp16.safetensors"));
  const LoadOptions options{.model = model_, .vae = vae, .variant = "fp16"};
  const LoadReport mixed = make(options).report;
  EXPECT_EQ(mixed.files.at("unet").at("variant"), "fp16");
  EXPECT_EQ(mixed.files.at("vae").at("variant"), "");
  ASSERT_EQ(mixed.warnings.size(), 3u);  // both text encoders and the VAE
  EXPECT_EQ(mixed.warnings.back(),
            vae.string() + ": has no variant fp16; its plain files are read");
  fs::rename(vae / (std::string(kStem) + ".safetensors"),
             vae / (std::string(kStem) + ".fp16.safetensors"));
  EXPECT_EQ(make(options).report.files.at("vae").at("variant"), "fp16");
}

TEST_F(Loading, RefusesAVariantThatNoComponentHas) {
  const std::string text = refusal({.model = model_, .variant = "fp61"});
  EXPECT_NE(text.find("no model.fp61.safetensors"), std::string::npos) << text;
  EXPECT_NE(text.find("model.safetensors)"), std::string::npos) << text;
}

TEST_F(Loading, TakesOlderAttentionNamesForTheSameNumbers) {
  const fs::path file = model_ / "vae" / (std::string(kStem) + ".safetensors");
  NamedTensors older;
  int renamed = 0;
  for (auto& [name, tensor] : tensors_of(file)) {
    std::string old = name;
    for (const auto& [now, before] : {std::pair{"to_q", "query"},
                                      {"to_k", "key"},
                                      {"to_v", "value"},
                                      {"to_out.0", "proj_attn"}})
      if (const std::size_t at = old.find(std::string(".") + now + "."); at != std::string::npos) {
        old.replace(at + 1, std::string(now).size(), before);
        ++renamed;
      }
    const bool matrix = old != name && tensor.dim() == 2;
    older[old] = matrix ? tensor.unsqueeze(-1).unsqueeze(-1) : tensor;
  }
  ASSERT_GE(renamed, 8);
  save_tensors(file, older);
  const Made made = make({.model = model_});
  EXPECT_TRUE(made.report.warnings.empty());
  EXPECT_EQ(made.hashes, make_original().hashes);
}

TEST_F(Loading, SendsWhatTheNetworkNeedsByOneUploadAndSaysHowMuch) {
  int made = 0, finished = 0;
  const Made sent = make({.model = model_}, [&] {
    ++made;
    return Upload{
        .copy = [](void* to,
                   std::span<const std::byte> from) { std::memcpy(to, from.data(), from.size()); },
        .finish = [&] { ++finished; }};
  });
  EXPECT_EQ(made, 1);
  EXPECT_EQ(finished, 4);  // once a component
  std::int64_t bytes = 0, encoder = 0;
  for (const char* component : {"text_encoder", "text_encoder_2", "unet", "vae"}) {
    const bool text = std::string(component).starts_with("text");
    for (const auto& [name, tensor] :
         tensors_of(model_ / component / (std::string(text ? "model" : kStem) + ".safetensors")))
      (belongs_to_vae_encoder(name) ? encoder : bytes) +=
          static_cast<std::int64_t>(tensor.nbytes());
  }
  EXPECT_GT(encoder, 0);
  EXPECT_EQ(sent.report.uploaded_bytes, bytes);
  EXPECT_TRUE(sent.report.warnings.empty());
  const Made original = make_original();
  EXPECT_EQ(original.report.uploaded_bytes, 0);
  // The same numbers; products in float32 round by where their operands lie.
  expect_within(1e-5, relative_l2(sent.latents, original.latents), "latents");
}

TEST_F(Loading, RefusesAnUnknownSchedulerByName) {
  edit(model_ / "model_index.json", {{"scheduler", {"diffusers", "PNDMScheduler"}}});
  write_file(model_ / "scheduler/scheduler_config.json", R"({"_class_name":"PNDMScheduler"})");
  const std::string text = refusal({.model = model_});
  for (const char* part : {"scheduler_config.json", "\"PNDMScheduler\" is not supported yet",
                           "EDMDPMSolverMultistepScheduler"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(Loading, RefusesUnknownConfigValuesByName) {
  const struct {
    const char* file;
    nlohmann::json fields;
  } edits[] = {
      {"model_index.json", {{"_class_name", "FluxPipeline"}}},
      {"unet/config.json",
       {{"mid_block_type", "UNetMidBlock2DSimpleCrossAttn"},
        {"num_attention_heads", 2},
        {"reverse_transformer_layers_per_block", {1, 1}},
        {"time_cond_proj_dim", 256},
        {"made_up", 3}}},
      {"vae/config.json", {{"_class_name", "AutoencoderTiny"}, {"act_fn", "relu"}}},
      {"text_encoder/config.json", {{"model_type", "t5"}, {"hidden_act", "relu"}}},
      {"scheduler/scheduler_config.json",
       {{"beta_schedule", "squaredcos_cap_v2"},
        {"prediction_type", "flow_prediction"},
        {"timestep_spacing", "random"},
        {"timestep_type", "fluid"},
        {"trained_betas", {0.1}}}},
  };
  for (const auto& [file, fields] : edits) {
    const std::string before = read_file(model_ / file);
    edit(model_ / file, fields);
    const std::string text = refusal({.model = model_});
    EXPECT_NE(text.find(file), std::string::npos) << text;
    for (const auto& [name, value] : fields.items())
      EXPECT_NE(text.find(name + " = " + value.dump()), std::string::npos) << name << "\n" << text;
    write_file(model_ / file, before);
  }
}

}  // namespace
}  // namespace sameseed
