#include "bench/seeded_model/model_layout.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "io/files.h"
#include "io/safetensors.h"

namespace sameseed {
namespace {

const std::filesystem::path kSource = SAMESEED_SOURCE_DIR;
constexpr const char* kComponents[] = {"unet", "vae", "text_encoder", "text_encoder_2"};

std::vector<TensorLayout> layout_in(const std::filesystem::path& model, const char* component) {
  return layout_of(component, read_json(model / component / "config.json"));
}

// diffusers and transformers wrote these files.
TEST(ModelLayout, NamesExactlyTheTensorsOfRealCheckpoints) {
  for (const char* model :
       {"reference/nano-sdxl", "tests/goldens/parity/model_a", "tests/goldens/parity/model_b"})
    for (const std::string component : kComponents) {
      const char* stem = component.starts_with("text") ? "model.safetensors"
                                                       : "diffusion_pytorch_model.safetensors";
      std::map<std::string, std::vector<std::int64_t>> wanted, laid_out;
      const auto stored = SafetensorsFile::open(kSource / model / component / stem);
      for (const auto& [name, view] : stored.tensors())
        // transformers once stored this constant too
        if (!name.ends_with("position_ids")) wanted[name] = view.shape;
      for (const TensorLayout& tensor : layout_in(kSource / model, component.c_str()))
        laid_out[tensor.name] = tensor.shape;
      EXPECT_EQ(laid_out, wanted) << model << " " << component;
    }
}

// Tensors and parameters of the published SDXL base 1.0.
TEST(ModelLayout, OfTheSeededModelIsSdxlBase) {
  const std::map<std::string, std::pair<std::size_t, std::int64_t>> published = {
      {"unet", {1680, 2'567'463'684}},
      {"vae", {248, 83'653'863}},
      {"text_encoder", {196, 123'060'480}},
      {"text_encoder_2", {517, 694'659'840}}};
  for (const char* component : kComponents) {
    std::int64_t parameters = 0;
    const auto tensors = layout_in(kSource / "bench/seeded_model", component);
    for (const TensorLayout& tensor : tensors) {
      std::int64_t count = 1;
      for (const std::int64_t side : tensor.shape) count *= side;
      parameters += count;
    }
    EXPECT_EQ(std::pair(tensors.size(), parameters), published.at(component)) << component;
  }
}

TEST(ModelLayout, MarksWhatIsAddedToItsInput) {
  const auto tensors = layout_in(kSource / "bench/seeded_model", "unet");
  std::map<std::string, TensorRole> roles;
  for (const TensorLayout& tensor : tensors) roles[tensor.name] = tensor.role;
  const std::string block = "down_blocks.2.attentions.1.";
  EXPECT_EQ(roles.at(block + "transformer_blocks.9.attn2.to_out.0.weight"),
            TensorRole::kResidualMatrix);
  EXPECT_EQ(roles.at(block + "transformer_blocks.9.attn2.to_v.weight"), TensorRole::kMatrix);
  EXPECT_EQ(roles.at(block + "norm.weight"), TensorRole::kNormWeight);
  EXPECT_EQ(roles.at(block + "proj_out.bias"), TensorRole::kBias);
}

}  // namespace
}  // namespace sameseed
