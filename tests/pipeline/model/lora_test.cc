// LoRA files, read without LibTorch: names, alphas, and what is refused.
#include "pipeline/model/lora.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/error.h"
#include "io/files.h"
#include "pipeline/model/lora_numbers.h"
#include "pipeline/model/lora_scales.h"

namespace sameseed {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path kTests = fs::path(SAMESEED_SOURCE_DIR) / "tests/goldens";

// Writes small files: [shape] -> zeros, of which nothing but the shape is read.
class Loras : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  using Tensors = std::map<std::string, std::vector<std::int64_t>>;

  // Numbers of no dimension are `alpha`.
  fs::path write(const Tensors& tensors, float alpha = 2, const std::string& name = "x.safetensors",
                 const std::map<std::string, std::string>& metadata = {}) const {
    static const std::vector<std::byte> zeros(1 << 16);
    std::map<std::string, TensorView> views;
    for (const auto& [key, shape] : tensors) {
      std::size_t bytes = sizeof(float);
      for (const std::int64_t side : shape) bytes *= static_cast<std::size_t>(side);
      views[key] = {DType::kF32, shape, std::span(zeros).first(bytes)};
      if (shape.empty()) views[key].data = std::as_bytes(std::span(&alpha, 1));
    }
    write_safetensors(folder_ / name, views, metadata);
    return folder_ / name;
  }

  LoraSet read(const fs::path& path, double scale = 1) const {
    return read_loras({{path.string(), scale}}, layers_);
  }

  std::string refusal(const fs::path& path) const {
    try {
      read(path);
    } catch (const UserError& error) {
      return error.what();
    }
    return "nothing was refused";
  }

  // The refusal of such a file names it and holds all of `parts`, in one line.
  void expect_refused(const Tensors& tensors, const std::vector<std::string>& parts) const {
    const fs::path file = write(tensors);
    const std::string text = refusal(file);
    EXPECT_TRUE(text.starts_with(file.string() + ": ")) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << text;
  }

  std::map<std::string, double> scalings(const LoraSet& set) const {
    std::map<std::string, double> result;
    for (const LoraDelta& delta : set.deltas)
      result[delta.component + "/" + delta.tensor] = delta.scaling;
    return result;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "sameseed-loras";
  const LoraLayers layers_ = *LoraLayers::of_model(kTests / "parity/model_a", "");
};

const std::string kQuery = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
                  kKohyaQuery = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q";

TEST_F(Loras, AreFoundInAFileAndInFoldersOfDiffusersAndPeft) {
  const fs::path loras = kTests / "lora";
  EXPECT_EQ(lora_sources(loras / "kohya.safetensors").at(0).file, loras / "kohya.safetensors");
  EXPECT_EQ(lora_sources(loras / "diffusers").at(0).file.filename(),
            "pytorch_lora_weights.safetensors");
  const auto peft = lora_sources(loras / "peft");
  ASSERT_EQ(peft.size(), 3u);
  EXPECT_EQ(peft[1].component, "text_encoder");
  EXPECT_EQ(peft[1].config.filename(), "adapter_config.json");
  EXPECT_EQ(lora_sources(loras / "peft/unet").at(0).component, "unet");
  write({{kQuery + ".lora_A.weight", {4, 16}}});
  EXPECT_EQ(lora_sources(folder_).at(0).file.filename(), "x.safetensors");
  write({{kQuery + ".lora_A.weight", {4, 16}}}, 0, "y.safetensors");
  EXPECT_NE(refusal(folder_).find("holds x.safetensors, y.safetensors; name a .safetensors file"),
            std::string::npos);
}

TEST_F(Loras, NameTheSameLayerInEveryFormat) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {kQuery + ".lora_A.weight", kQuery + ".lora_B.weight"},
      {kQuery + ".lora.down.weight", kQuery + ".lora.up.weight"},
      {"unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight",
       "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight"},
      {kKohyaQuery + ".lora_down.weight", kKohyaQuery + ".lora_up.weight"},
      {"lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight",
       "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_up.weight"}};
  for (const auto& [down, up] : names) {
    const LoraSet set = read(write({{down, {4, 16}}, {up, {16, 4}}}), 0.5);
    ASSERT_EQ(set.deltas.size(), 1u) << down;
    EXPECT_EQ(set.deltas[0].component, "unet");
    EXPECT_EQ(set.deltas[0].tensor,
              "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight");
    EXPECT_EQ(set.deltas[0].scaling, 0.5) << down;
  }
  const std::string at = "text_encoder.text_model.encoder.layers.0.self_attn.";
  for (const auto& [down, up] :
       {std::pair{at + "to_out_lora.down.weight", at + "to_out_lora.up.weight"},
        {at + "out_proj.lora_linear_layer.down.weight",
         at + "out_proj.lora_linear_layer.up.weight"},
        {at + "out_proj.lora_A.weight", at + "out_proj.lora_B.weight"},
        // transformers 5 has no text_model in the first encoder
        {"text_encoder.encoder.layers.0.self_attn.out_proj.lora_A.weight",
         "text_encoder.encoder.layers.0.self_attn.out_proj.lora_B.weight"}})
    EXPECT_EQ(read(write({{down, {4, 32}}, {up, {32, 4}}})).deltas.at(0).tensor,
              "text_model.encoder.layers.0.self_attn.out_proj.weight");
}

// The numbers of the original SDXL code; every kind of layer there is.
TEST_F(Loras, KnowTheBlocksOfTheOriginalCode) {
  for (const auto& [theirs, ours] : std::vector<std::pair<std::string, std::string>>{
           {"input_blocks_0_0", "conv_in"},
           {"input_blocks_1_0_in_layers_2", "down_blocks.0.resnets.0.conv1"},
           {"input_blocks_2_0_emb_layers_1", "down_blocks.0.resnets.1.time_emb_proj"},
           {"input_blocks_3_0_op", "down_blocks.0.downsamplers.0.conv"},
           {"input_blocks_4_0_skip_connection", "down_blocks.1.resnets.0.conv_shortcut"},
           {"input_blocks_5_1_proj_out", "down_blocks.1.attentions.1.proj_out"},
           {"input_blocks_8_1_transformer_blocks_1_ff_net_0_proj",
            "down_blocks.2.attentions.1.transformer_blocks.1.ff.net.0.proj"},
           {"middle_block_0_out_layers_3", "mid_block.resnets.0.conv2"},
           {"middle_block_1_transformer_blocks_0_attn2_to_out_0",
            "mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0"},
           {"middle_block_2_in_layers_2", "mid_block.resnets.1.conv1"},
           {"output_blocks_2_1_proj_in", "up_blocks.0.attentions.2.proj_in"},
           {"output_blocks_2_2_conv", "up_blocks.0.upsamplers.0.conv"},
           {"output_blocks_8_0_skip_connection", "up_blocks.2.resnets.2.conv_shortcut"},
           {"time_embed_2", "time_embedding.linear_2"},
           {"label_emb_0_0", "add_embedding.linear_1"},
           {"out_2", "conv_out"}}) {
    const LoraLayer* layer = layers_.find_kohya("lora_unet_" + theirs);
    ASSERT_TRUE(layer) << theirs;
    EXPECT_EQ(layer->module, ours);
  }
  EXPECT_FALSE(layers_.find_kohya("lora_unet_input_blocks_9_0_in_layers_2"));
  EXPECT_FALSE(layers_.find_kohya("lora_te2_text_projection"));
}

// As diffusers 0.42.1 scales them, by peft's own `scaling` of each layer.
TEST_F(Loras, GetTheAlphaThatDiffusersGivesThem) {
  const LoraSet set = read(kTests / "lora/kohya.safetensors");
  const auto scaling = scalings(set);
  const std::string at = "unet/down_blocks.1.attentions.0.transformer_blocks.0.",
                    text = "text_model.encoder.layers.0.mlp.fc1.weight";
  EXPECT_EQ(scaling.at("unet/down_blocks.1.attentions.0.proj_in.weight"), 1.0);  // 4 / 4
  EXPECT_EQ(scaling.at(at + "attn1.to_q.weight"), 0.5);     // 2 / 4 of most, not its own 4
  EXPECT_EQ(scaling.at(at + "attn2.to_k.weight"), 0.25);    // 2 / 8
  EXPECT_EQ(scaling.at(at + "ff.net.0.proj.weight"), 1.0);  // 3 / 3
  EXPECT_EQ(scaling.at("unet/down_blocks.1.resnets.0.time_emb_proj.weight"), 0.5);  // says none
  EXPECT_EQ(scaling.at("text_encoder/" + text), 0.5);     // 2 / 4 of most, not its own 1
  EXPECT_EQ(scaling.at("text_encoder_2/" + text), 0.25);  // its own
  ASSERT_EQ(set.warnings.size(), 2u);
  EXPECT_NE(set.warnings[0].find("diffusers gives 1 of the layers of unet the commonest alpha, 2, "
                                 "and not their own; the first is " +
                                 kKohyaQuery + ".lora_down.weight with 4"),
            std::string::npos)
      << set.warnings[0];
  EXPECT_EQ(scalings(read(kTests / "lora/diffusers", 0.8))
                .at("unet/down_blocks.1.attentions.0.proj_in.weight"),
            0.8 * 5 / 8);  // alpha and rank of its metadata's patterns
}

TEST_F(Loras, AreRefusedWhereDiffusersWouldTakeAnAlphaByChance) {
  const RankedLayer query{layers_.find_kohya(kKohyaQuery), 4, 2, "query"},
      in{layers_.find_kohya("lora_unet_input_blocks_4_1_proj_in"), 4, 3, "in"};
  std::vector<std::string> warnings;
  EXPECT_EQ(alphas_of_file({query, in, in}, "file", warnings)[0].alpha, 3);
  EXPECT_EQ(alphas_of_file({in, in}, "file", warnings)[0].alpha, 3);
  try {
    alphas_of_file({query, in}, "file", warnings);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_EQ(std::string(error.what()),
              "file: query: diffusers gives this layer the commonest alpha of unet, and two are "
              "equally common; scale the layers so that all have one alpha");
  }
}

TEST_F(Loras, WithHalfOfAPairAreRefused) {
  expect_refused({{kQuery + ".lora_A.weight", {4, 16}}},
                 {kQuery + ".lora_A.weight: the upper (up, lora_B) half of this layer is missing",
                  "Save or download it again"});
  expect_refused({{kKohyaQuery + ".lora_up.weight", {16, 4}}, {kKohyaQuery + ".alpha", {}}},
                 {kKohyaQuery + ".lora_up.weight: the lower (down, lora_A) half"});
  expect_refused({{kKohyaQuery + ".alpha", {}}}, {kKohyaQuery + ".alpha: the lower"});
}

TEST_F(Loras, OfAnotherShapeAreRefused) {
  expect_refused(
      {{kQuery + ".lora_A.weight", {4, 24}}, {kQuery + ".lora_B.weight", {16, 4}}},
      {kQuery + ".lora_A.weight: has shape [4, 24], and down_blocks.1", "with [16, 16]",
       "needs [4, 16]; the LoRA is of another model; take one that was trained for this"});
  expect_refused({{kQuery + ".lora_A.weight", {4, 16}}, {kQuery + ".lora_B.weight", {16, 8}}},
                 {kQuery + ".lora_B.weight: has shape [16, 8]", "needs [16, 4]"});
  const std::string conv = "unet.down_blocks.1.resnets.0.conv1";
  expect_refused(
      {{conv + ".lora_A.weight", {2, 8, 1, 1}}, {conv + ".lora_B.weight", {16, 2, 1, 1}}},
      {"has shape [2, 8, 1, 1]", "needs [2, 8, 3, 3]"});
  expect_refused({{"unet.down_blocks.5.conv.lora_A.weight", {4, 24}}},
                 {"unet.down_blocks.5.conv.lora_A.weight: unet of this model has no such layer"});
  expect_refused({{"lora_unet_double_blocks_0_img_attn.lora_down.weight", {4, 24}}},
                 {"the model has no such layer; the LoRA is of another model"});
}

TEST_F(Loras, OfOtherKindsAreRefusedByName) {
  for (const auto& [key, kind] : std::vector<std::pair<std::string, std::string>>{
           {kKohyaQuery + ".dora_scale", "is DoRA"},
           {kQuery + ".lora_magnitude_vector", "is DoRA"},
           {kKohyaQuery + ".hada_w1_a", "is LoHa"},
           {kKohyaQuery + ".lokr_w1", "is LoKr"},
           {kKohyaQuery + ".lora_mid.weight", "is a Tucker product"},
           {kQuery + ".lora_B.bias", "is a bias"},
           {"text_encoder_2.text_projection.lora_A.weight", "is of the text projection"},
           {"lora_te2_text_projection.lora_down.weight", "is of the text projection"}})
    expect_refused({{key, {4, 16}}}, {key + ": " + kind,
                                      "only plain LoRA is fused here; merge it into the model with",
                                      "name that folder with --model"});
  expect_refused({{"unet.some.key", {1}}},
                 {"unet.some.key: is no name of diffusers, PEFT or kohya"});
  expect_refused({{kKohyaQuery + ".lora_down.weight", {4, 16}}, {"other.key", {1}}},
                 {"other.key: is no name of kohya's, as the others are"});
  expect_refused({{kKohyaQuery + ".lora_side.weight", {4, 16}}},
                 {"lora_side.weight: is not known"});
}

// diffusers 0.42.1 converts no key of the unet where the first has PEFT's form.
TEST_F(Loras, WithNamesOfWhichDiffusersLeavesSomeOutAreRefused) {
  const std::string value = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_v";
  const auto named = [&](const char* down, const char* up, const char* down_2, const char* up_2) {
    return Tensors{{kQuery + down, {4, 16}},
                   {kQuery + up, {16, 4}},
                   {value + down_2, {4, 16}},
                   {value + up_2, {16, 4}}};
  };
  expect_refused(
      named(".lora_A.weight", ".lora_B.weight", ".lora.down.weight", ".lora.up.weight"),
      {value + ".lora.up.weight: diffusers leaves it out",
       kQuery + ".lora_A.weight, has PEFT's form; save all keys of the unet in one form"});
  EXPECT_EQ(
      read(write(named(".lora.down.weight", ".lora.up.weight", ".lora_A.weight", ".lora_B.weight")))
          .deltas.size(),
      2u);
  expect_refused({{"lora_unet_add_embedding_linear_1.lora_down.weight", {4, 96}}},
                 {"linear_1.lora_down.weight: diffusers leaves this name out", "rename it"});
}

// diffusers 0.42.1 fuses the other layer of each file, and says nothing.
TEST_F(Loras, WithNamesThatDiffusersHasNoTableForAreRefused) {
  const std::string text = "text_encoder.text_model.encoder.layers.0.",
                    kohya = "lora_te2_text_model_encoder_layers_0_";
  const auto query_beside = [](const std::string& query, const std::string& down,
                               const std::string& up, const std::string& other) {
    return Tensors{{query + down, {4, 48}},
                   {query + up, {48, 4}},
                   {other + down, {4, 48}},
                   {other + up, {other.ends_with("fc1") ? 96 : 48, 4}}};
  };
  expect_refused(query_beside(kohya + "self_attn_q_proj", ".lora_down.weight", ".lora_up.weight",
                              kohya + "mlp_fc1"),
                 {kohya + "self_attn_q_proj.lora_down.weight: diffusers leaves it out, as no "
                          "out_proj of text_encoder_2 is in the file"});
  EXPECT_EQ(read(write(query_beside(kohya + "self_attn_q_proj", ".lora_down.weight",
                                    ".lora_up.weight", kohya + "self_attn_out_proj")))
                .deltas.size(),
            2u);
  expect_refused({{text + "self_attn.to_q_lora.down.weight", {4, 32}},
                  {text + "self_attn.to_q_lora.up.weight", {32, 4}},
                  {text + "mlp.fc1.lora_linear_layer.down.weight", {4, 32}},
                  {text + "mlp.fc1.lora_linear_layer.up.weight", {64, 4}}},
                 {text + "self_attn.to_q_lora.down.weight: diffusers leaves it out"});
  expect_refused({{text + "self_attn.q_proj.lora.down.weight", {4, 32}}},
                 {"diffusers leaves it out: of text_encoder it knows no such ending; write .lora_A "
                  "and .lora_B instead"});
  expect_refused({{kQuery + ".lora_linear_layer.down.weight", {4, 16}}},
                 {"of unet it knows no such ending; write .lora.down and .lora.up instead"});
  expect_refused({{"unet.down_blocks.1.attentions.0.proj_in_lora.down.weight", {4, 16}}},
                 {"before _lora it knows to_q, to_k, to_v and to_out only"});
}

TEST_F(Loras, ThatCannotBeOpenedAreRefusedWithWhatWouldDo) {
  EXPECT_EQ(refusal(folder_ / "none"), (folder_ / "none").string() +
                                           ": no such LoRA; name a .safetensors file, or a folder "
                                           "that holds one");
  write_file(folder_ / "x.ckpt", "PK");
  for (const fs::path& path : {folder_ / "x.ckpt", folder_})
    EXPECT_NE(refusal(path).find("x.ckpt: is a pickle, which may run programs when it is opened; "
                                 "convert it: safetensors.torch.save_file("),
              std::string::npos)
        << refusal(path);
  write_file(folder_ / "p.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:" +
                                            std::string(64, 'a') + "\nsize 12\n");
  EXPECT_NE(refusal(folder_ / "p.safetensors").find("p.safetensors: is a Git LFS pointer"),
            std::string::npos);
  fs::create_directories(folder_ / "empty");
  EXPECT_NE(refusal(folder_ / "empty").find("holds no LoRA"), std::string::npos);
  EXPECT_NE(refusal(write({})).find("holds no tensors"), std::string::npos);
}

TEST_F(Loras, OfPeftNeedTheirConfigAndAPlainOne) {
  const std::string key = "base_model.model." + kQuery.substr(5);
  const Tensors tensors = {{key + ".lora_A.weight", {4, 16}}, {key + ".lora_B.weight", {16, 4}}};
  const fs::path file = write(tensors, 2, "adapter_model.safetensors"),
                 config = folder_ / "adapter_config.json";
  EXPECT_NE(refusal(file).find("is PEFT's, and adapter_config.json, which knows alpha, is not "
                               "beside the file; put it there"),
            std::string::npos);
  const auto set = [&](const json& fields) { write_file(config, fields.dump()); };
  set({{"peft_type", "LORA"}, {"r", 4}, {"lora_alpha", 2}});
  EXPECT_EQ(read(folder_).deltas.at(0).scaling, 0.5);
  set({{"r", 4}, {"lora_alpha", 2}, {"use_rslora", true}});
  EXPECT_EQ(read(folder_).deltas.at(0).scaling, 1.0);
  set({{"r", 8},
       {"rank_pattern", {{"to_q", 4}}},
       {"alpha_pattern", {{"^to_q", 1}, {"attn1.to_q", 4}}}});
  EXPECT_EQ(read(folder_).deltas.at(0).scaling, 1.0);
  for (const auto& [fields, why] : std::vector<std::pair<json, std::string>>{
           {{{"r", 8}}, "says rank 8 of down_blocks.1"},
           {{{"peft_type", "LOKR"}}, "peft_type = \"LOKR\": only LORA is fused here"},
           {{{"r", 4}, {"use_dora", true}}, "use_dora = true: only plain LoRA is fused here"},
           {{{"r", 4}, {"alpha_pattern", {{"to_(q|k)", 2}}}}, "is no plain name of a layer"},
           {{{"r", 4}, {"lora_alpha", "2"}}, "lora_alpha: must be a number"}}) {
    set(fields);
    EXPECT_TRUE(refusal(folder_).starts_with(config.string() + ": ")) << refusal(folder_);
    EXPECT_NE(refusal(folder_).find(why), std::string::npos) << refusal(folder_);
  }
  fs::remove_all(folder_);
  write({{"base_model.model.text_model.encoder.layers.0.mlp.fc1.lora_A.weight", {4, 32}}}, 2,
        "adapter_model.safetensors");
  set({{"r", 4}});
  EXPECT_NE(refusal(folder_).find("is of a text encoder; name its folder text_encoder or"),
            std::string::npos);
}

TEST_F(Loras, AreCheckedWithoutTheModelAsFarAsItGoes) {
  const std::vector<LoraChoice> none = {{(folder_ / "none").string(), 1}};
  EXPECT_THROW(check_loras(none, folder_ / "no model", ""), UserError);
  const fs::path other = write({{"unet.x.lora_A.weight", {1, 1}}});
  EXPECT_NO_THROW(check_loras({{other.string(), 1}}, folder_ / "no model", ""));
  EXPECT_THROW(check_loras({{other.string(), 1}}, kTests / "parity/model_a", ""), UserError);
}

TEST(LoraNumbers, AreReadInEveryType) {
  const auto read = [](DType type, auto bits) {
    return scalar_of({type, {}, std::as_bytes(std::span(&bits, 1))});
  };
  EXPECT_EQ(read(DType::kF16, std::uint16_t{0x4400}), 4.0);
  EXPECT_EQ(read(DType::kF16, std::uint16_t{0xb555}), -0.333251953125);
  EXPECT_EQ(read(DType::kF16, std::uint16_t{0x0001}), 0x1p-24);
  EXPECT_EQ(read(DType::kF16, std::uint16_t{0x7c00}), std::nullopt);
  EXPECT_EQ(read(DType::kBF16, std::uint16_t{0x4080}), 4.0);
  EXPECT_EQ(read(DType::kF32, 0.1f), double{0.1f});
  EXPECT_EQ(read(DType::kI64, std::int64_t{16}), 16.0);
  EXPECT_EQ(read(DType::kU8, std::uint8_t{1}), std::nullopt);
  EXPECT_EQ(read(DType::kF32, std::uint16_t{1}), std::nullopt);  // another size
}

TEST(LoraChoices, AreReadFromWhatAMatrixHolds) {
  const auto list = [](const json& value) { return to_json(read_lora_choices(value)); };
  EXPECT_EQ(list(nullptr), json::array());
  EXPECT_EQ(list("a"), json::parse(R"([{"path": "a", "scale": 1}])"));
  EXPECT_EQ(list({{"path", "a"}, {"scale", -0.5}}),
            json::parse(R"([{"path": "a", "scale": -0.5}])"));
  EXPECT_EQ(list(json::array({"a", json{{"path", "b"}}})),
            json::parse(R"([{"path": "a", "scale": 1}, {"path": "b", "scale": 1}])"));
  for (const char* wrong : {"1", "[1]", "{}", R"({"path": 1})", R"({"path": "a", "weight": 1})",
                            R"({"path": "a", "scale": "1"})", R"("")"})
    EXPECT_THROW(read_lora_choices(json::parse(wrong)), UserError) << wrong;
}

}  // namespace
}  // namespace sameseed
