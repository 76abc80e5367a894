// Model folders that are not as SDXL's own: read as diffusers reads them, or refused by name.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/reference/loaded_model.h"

namespace sameseed {
namespace {

using nlohmann::json;

class ModelFolders : public LoadedModel {
 protected:
  void expect_refused(const std::vector<std::string>& parts) const {
    const std::string text = refusal({.model = model_});
    for (const std::string& part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }

  // As it was, for the next change.
  void restore() const {
    fs::remove_all(model_);
    fs::copy(kGoldens / "model_a", model_, fs::copy_options::recursive);
  }

  void set_in_both(const char* part, const char* file, const json& fields) const {
    for (const char* number : {"", "_2"})
      edit(model_ / (std::string(part) + number) / file, fields);
  }

  // Each text encoder's embedding of this kind with `rows` rows, which `row_of` takes from it.
  template <typename RowOf>
  void set_rows(const std::string& kind, const char* field, std::int64_t rows, RowOf row_of) const {
    for (const char* number : {"", "_2"}) {
      const fs::path folder = model_ / (std::string("text_encoder") + number);
      NamedTensors tensors = tensors_of(folder / "model.safetensors");
      at::Tensor& weight = tensors.at("text_model.embeddings." + kind + ".weight");
      std::vector<at::Tensor> taken;
      for (std::int64_t i = 0; i < rows; ++i)
        taken.push_back(weight[row_of(i, weight.size(0))].clone());
      weight = at::stack(taken);
      save_tensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
      edit(folder / "config.json", {{field, rows}});
    }
  }

  // The component's tensors in two shards with an index, beside the single file.
  void shard(const std::string& component, const std::string& stem) const {
    const fs::path folder = model_ / component;
    NamedTensors parts[2];
    json map = json::object();
    int i = 0;
    for (const auto& [name, tensor] : tensors_of(folder / (stem + ".safetensors"))) {
      parts[++i % 2][name] = tensor;
      map[name] = i % 2 == 0 ? "part-1.safetensors" : "part-2.safetensors";
    }
    save_tensors(folder / "part-1.safetensors", parts[0]);
    save_tensors(folder / "part-2.safetensors", parts[1]);
    write_file(folder / (stem + ".safetensors.index.json"), json{{"weight_map", map}}.dump());
  }
};

TEST_F(ModelFolders, AreRefusedWhereAPartIsOfAnotherClass) {
  const fs::path index = model_ / "model_index.json";
  for (const auto& [name, value] :
       {std::pair<const char*, json>{"unet", {"diffusers", "UNet2DModel"}},
        {"vae", {"diffusers", "AsymmetricAutoencoderKL"}},
        {"text_encoder", {"transformers", "CLIPTextModelWithProjection"}},
        {"text_encoder_2", {"transformers", "CLIPTextModel"}},
        {"text_encoder_2", {"my_encoder", "CLIPTextModelWithProjection"}},
        {"tokenizer", {"transformers", "T5Tokenizer"}},
        {"tokenizer_2", {nullptr, nullptr}},
        {"image_encoder", {"transformers", "SiglipVisionModel"}},
        {"scheduler", "EulerDiscreteScheduler"},
        {"add_watermarker", true}}) {
    edit(index, {{name, value}});
    expect_refused({"model_index.json: cannot be used", std::string(name) + " = " + value.dump()});
    restore();
  }
  json without = read_json(index);
  without.erase("text_encoder");
  write_file(index, without.dump());
  expect_refused({"text_encoder = null: SDXL needs it", "CLIPTextModel"});
}

TEST_F(ModelFolders, LeaveOutWhatSdxlHasNoUseFor) {
  edit(model_ / "model_index.json", {{"feature_extractor", {nullptr, nullptr}},
                                     {"image_encoder", nullptr},
                                     {"tokenizer", {"transformers", "CLIPTokenizerFast"}},
                                     {"safety_checker", {"stable_diffusion", "Checker"}}});
  const Made made = make({.model = model_});
  EXPECT_EQ(made.hashes, make_original().hashes);
  ASSERT_EQ(made.report.warnings.size(), 1u);
  EXPECT_NE(made.report.warnings[0].find("safety_checker"), std::string::npos);
}

// Such a folder made another picture than diffusers, which takes the index' class: latents were off
// by 0.2 to 5.
TEST_F(ModelFolders, AreRefusedWhereTheIndexNamesAnotherScheduler) {
  const fs::path index = model_ / "model_index.json";
  edit(index, {{"scheduler", {"diffusers", "HeunDiscreteScheduler"}}});
  expect_refused({"model_index.json", "HeunDiscreteScheduler", "scheduler_config.json",
                  "\"EulerDiscreteScheduler\""});
  edit(model_ / "scheduler/scheduler_config.json", {{"_class_name", "HeunDiscreteScheduler"}});
  EXPECT_EQ(read_pipeline_config(model_).scheduler_class, "HeunDiscreteScheduler");
  EXPECT_EQ(read_pipeline_config(kGoldens / "model_a").scheduler_class, "EulerDiscreteScheduler");
}

TEST_F(ModelFolders, SayWhichFieldsOfTheSchedulerAreIgnored) {
  edit(model_ / "scheduler/scheduler_config.json", {{"rho", 7.0}});
  const auto warnings = make({.model = model_}).report.warnings;
  EXPECT_TRUE(std::ranges::any_of(warnings, [](const std::string& one) {
    return one.ends_with("EulerDiscreteScheduler has no rho: ignored, as in diffusers");
  })) << json(warnings);
}

TEST_F(ModelFolders, ReadNullAsPythonDoes) {
  const struct {
    const char *file, *field;
  } yes_or_no[] = {{"model_index.json", "force_zeros_for_empty_prompt"},
                   {"unet/config.json", "flip_sin_to_cos"},
                   {"vae/config.json", "mid_block_add_attention"}};
  for (const auto& [file, field] : yes_or_no) {
    edit(model_ / file, {{field, nullptr}});
    const Made null = make({.model = model_});
    edit(model_ / file, {{field, false}});
    EXPECT_EQ(null.hashes, make({.model = model_}).hashes) << field;
    EXPECT_NE(null.hashes.at("image"), make_original().hashes.at("image")) << field;
    restore();
  }
  for (const auto& [file, field] : {std::pair{"unet/config.json", "freq_shift"},
                                    {"unet/config.json", "norm_eps"},
                                    {"unet/config.json", "transformer_layers_per_block"},
                                    {"unet/config.json", "act_fn"},
                                    {"unet/config.json", "down_block_types"},
                                    {"vae/config.json", "scaling_factor"},
                                    {"text_encoder/config.json", "eos_token_id"},
                                    {"text_encoder_2/config.json", "layer_norm_eps"},
                                    {"scheduler/scheduler_config.json", "prediction_type"},
                                    {"scheduler/scheduler_config.json", "steps_offset"}}) {
    edit(model_ / file, {{field, nullptr}});
    expect_refused({file, std::string(field) + " = null: needs a value"});
    restore();
  }
}

TEST_F(ModelFolders, AreRefusedWhereANumberIsNotWhole) {
  for (const auto& [file, field, value] :
       {std::tuple{"unet/config.json", "freq_shift", 0.5},
        {"unet/config.json", "layers_per_block", 2.0},
        {"text_encoder/config.json", "num_hidden_layers", 3.5},
        {"scheduler/scheduler_config.json", "steps_offset", 1.5}}) {
    edit(model_ / file, {{field, value}});
    expect_refused(
        {file, std::string(field) + " = " + json(value).dump() + ": has the wrong type"});
    restore();
  }
  edit(model_ / "unet/config.json", {{"attention_head_dim", {2, 2, 3.5}}});
  expect_refused({"attention_head_dim = [2,2,3.5]: has the wrong type"});
}

TEST_F(ModelFolders, ForgetTheFieldsThatDiffusersTakesAsAbsent) {
  edit(model_ / "unet/config.json",
       {{"flip_sin_to_cos", false}, {"_use_default_values", {"flip_sin_to_cos"}}});
  EXPECT_EQ(make({.model = model_}).hashes, make_original().hashes);
}

TEST_F(ModelFolders, ReadTheShardsOfDiffusersAndTheSingleFileOfTransformers) {
  for (const auto& [component, stem, zeroed] :
       {std::tuple{"unet", kStem, "conv_in.weight"},
        {"vae", kStem, "decoder.conv_in.weight"},
        {"text_encoder", "model", "text_model.embeddings.token_embedding.weight"}}) {
    const fs::path folder = model_ / component;
    shard(component, stem);
    // What must not be read is made wrong.
    const bool shards = std::string(stem) == kStem;
    const fs::path wrong = shards ? folder / (std::string(stem) + ".safetensors")
                           : tensors_of(folder / "part-1.safetensors").contains(zeroed)
                               ? folder / "part-1.safetensors"
                               : folder / "part-2.safetensors";
    NamedTensors tensors = tensors_of(wrong);
    tensors.at(zeroed).zero_();
    save_tensors(wrong, tensors);
    const Made made = make({.model = model_});
    EXPECT_EQ(made.hashes, make_original().hashes) << component;
    ASSERT_EQ(made.report.warnings.size(), 1u) << component;
    for (const char* part :
         {shards ? "diffusion_pytorch_model.safetensors: is left out" : "index.json: is left out",
          "was saved twice", shards ? "diffusers" : "transformers"})
      EXPECT_NE(made.report.warnings[0].find(part), std::string::npos) << made.report.warnings[0];
    restore();
  }
}

TEST_F(ModelFolders, TakeAsManyTokensAsTheirEncodersDo) {
  set_in_both("tokenizer", "tokenizer_config.json", {{"model_max_length", 100}});
  expect_refused(
      {"100 tokens", "text_encoder takes 77 (max_position_embeddings)", "text_encoder_2 takes 77"});
  set_rows("position_embedding", "max_position_embeddings", 100,
           [](std::int64_t i, std::int64_t size) { return i % size; });
  const Made made = make({.model = model_});
  const at::Tensor golden = load_tensor(
      fs::path(SAMESEED_SOURCE_DIR) / "tests/goldens/folders/length_100.safetensors", "latents");
  expect_within(1.2e-5, relative_l2(made.latents, golden), "latents");
  EXPECT_GT(relative_l2(make_original().latents, golden), 1e-3);

  edit(model_ / "tokenizer_2/tokenizer_config.json", {{"model_max_length", 77}});
  expect_refused({"tokenizer makes 100 tokens of a text and tokenizer_2 77"});
}

// tests/goldens/make_folder_goldens.py --unets: model a's own weights in other networks.
TEST_F(ModelFolders, HaveUnetsAsDistillationLeavesThem) {
  const fs::path goldens = fs::path(SAMESEED_SOURCE_DIR) / "tests/goldens/folders";
  const at::Tensor original = make_original().latents;
  for (const json& row : read_json(goldens / "unets.json")) {
    const std::string name = row.at("name");
    edit(model_ / "unet/config.json", row.at("config"));
    const fs::path file = model_ / "unet/diffusion_pytorch_model.safetensors";
    NamedTensors tensors = tensors_of(file);
    for (const auto& [place, other] : row.at("copies").items()) {
      const std::string from = other.get<std::string>() + ".";
      std::erase_if(tensors, [&](const auto& one) { return one.first.starts_with(place + "."); });
      for (const auto& [tensor, values] : NamedTensors(tensors))
        if (tensor.starts_with(from))
          tensors[place + "." + tensor.substr(from.size())] = values.clone();
    }
    save_tensors(file, tensors, {{"format", "pt"}});
    const at::Tensor golden = load_tensor(goldens / "unets.safetensors", name);
    expect_within(1.2e-5, relative_l2(make({.model = model_}).latents, golden), name);
    EXPECT_GT(relative_l2(original, golden), 1e-4) << name;
    restore();
  }
}

TEST_F(ModelFolders, AreRefusedWhereListsOfLayersDoNotFitTheBlocks) {
  const fs::path config = model_ / "unet/config.json";
  edit(config, {{"transformer_layers_per_block", {1, {1, 1}, {2, 2}}}});
  expect_refused(
      {"transformer_layers_per_block = [1,[1,1],[2,2]]: has lists in it, so "
       "reverse_transformer_layers_per_block is needed, as in diffusers"});
  edit(config, {{"reverse_transformer_layers_per_block", {{2, 2}, {1, 1, 1}, 1}}});
  expect_refused(
      {"a block's entry must be a number from 0 to 1000, or a list of such for its 3 "
       "resnets; [2,2] is neither"});
  edit(config, {{"down_block_types", {"DownBlock2D"}}});
  expect_refused({"as many values as there are down and up block types"});
  restore();
  edit(config, {{"transformer_layers_per_block", {1, {1, 1}, {2, 2}}},
                {"reverse_transformer_layers_per_block", {{2, 2, 2}, {1, 1, 1}, 1}}});
  EXPECT_EQ(make({.model = model_}).hashes, make_original().hashes);  // SSD-1B's way to write it
}

TEST_F(ModelFolders, HaveTheirTextEncodersWithAndWithoutThePrefix) {
  const std::string prefix = "text_model.";
  for (const char* component : {"text_encoder", "text_encoder_2"}) {
    NamedTensors without;
    const fs::path file = model_ / component / "model.safetensors";
    for (const auto& [name, tensor] : tensors_of(file))
      without[name.starts_with(prefix) ? name.substr(prefix.size()) : name] = tensor;
    save_tensors(file, without);
  }
  const Made made = make({.model = model_});
  EXPECT_TRUE(made.report.warnings.empty());
  EXPECT_EQ(made.hashes, make_original().hashes);
}

// With the embedding of a word the token of a textual inversion makes that word's picture.
TEST_F(ModelFolders, UseTheEmbeddingsOfAddedTokens) {
  const std::int64_t letter = read_json(model_ / "tokenizer/vocab.json").at("t</w>"), added = 898;
  for (const char* folder : {"tokenizer", "tokenizer_2"})
    write_file(model_ / folder / "added_tokens.json", R"({"<s0>": 898})");
  const auto prompt = [](const char* text) { return std::string("a <s0> and ") + text; };
  try {
    make({.model = model_}, {}, prompt("x"));
    FAIL();
  } catch (const UserError& error) {
    const std::string text = error.what();
    for (const char* part : {"the prompt has token 898", "text_encoder has embeddings of 0 to 897"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  set_rows("token_embedding", "vocab_size", added + 1,
           [&](std::int64_t i, std::int64_t) { return i == added ? letter : i; });
  // Told by the largest id, the end of the text would be the new token.
  set_in_both("text_encoder", "config.json", {{"eos_token_id", 897}});
  const Made token = make({.model = model_}, {}, "a <s0>"), word = make_original("a t");
  EXPECT_EQ(token.hashes.at("latents"), word.hashes.at("latents"));
  EXPECT_NE(token.hashes.at("token_ids"), word.hashes.at("token_ids"));
}

TEST_F(ModelFolders, AreRefusedWhereTheirPartsDoNotFitTogether) {
  const struct {
    const char* file;
    json fields;
    std::vector<std::string> says;
  } cases[] = {
      {"unet/config.json", {{"in_channels", 9}}, {"out_channels = 4: must be in_channels"}},
      {"unet/config.json",
       {{"in_channels", 8}, {"out_channels", 8}},
       {"unet has in_channels = 8, and vae latent_channels = 4"}},
      {"vae/config.json", {{"latent_channels", 8}}, {"vae latent_channels = 8"}},
      {"unet/config.json",
       {{"cross_attention_dim", 64}},
       {"cross_attention_dim = 64", "hidden_size 32 + 48 = 80"}},
      {"unet/config.json",
       {{"projection_class_embeddings_input_dim", 99}},
       {"projection_class_embeddings_input_dim = 99", "is 96"}},
      {"text_encoder/config.json", {{"max_position_embeddings", 64}}, {"text_encoder takes 64"}},
      {"unet/config.json", {{"norm_eps", 0}}, {"norm_eps = 0: must be positive"}},
      {"unet/config.json", {{"addition_time_embed_dim", -8}}, {"addition_time_embed_dim = -8"}},
      {"text_encoder/config.json", {{"return_dict", false}}, {"return_dict = false"}},
      {"text_encoder/config.json",
       {{"quantization_config", {{"bits", 4}}}},
       {"quantization_config"}},
  };
  for (const auto& [file, fields, says] : cases) {
    edit(model_ / file, fields);
    expect_refused(says);
    restore();
  }
}

TEST_F(ModelFolders, NameWhatGitHasNotFetched) {
  const fs::path unet = model_ / "unet" / (std::string(kStem) + ".safetensors");
  write_file(unet, "version https://git-lfs.github.com/spec/v1\noid sha256:" +
                       std::string(64, 'a') + "\nsize 10270077736\n");
  expect_refused({unet.string() + ": is a Git LFS pointer", "git lfs pull"});
}

}  // namespace
}  // namespace sameseed
