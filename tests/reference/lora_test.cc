// LoRAs fused into the model, against diffusers' fuse_lora (tests/goldens/make_lora_goldens.py).
#include "pipeline/model/lora.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/cpu/accelerated_engine.h"
#include "pipeline/model/weight_files.h"
#include "pipeline/model/weights.h"
#include "reference/aten_backend.h"
#include "tests/reference/loaded_model.h"

namespace sameseed {
namespace {

using nlohmann::json;

const fs::path kLoras = kGoldens.parent_path() / "lora";
constexpr std::int64_t kEvery = 7;  // of a fused weight's values the goldens keep one

// "kohya" -> what `load.lora` is given.
std::map<std::string, std::vector<LoraChoice>> cases() {
  std::map<std::string, std::vector<LoraChoice>> all;
  const json listed = read_json(kLoras / "cases.json");
  for (const auto& [name, value] : listed.items()) {
    if (name == "few steps") continue;  // the same LoRAs as of "three", by another sampler
    all[name] = read_lora_choices(value);
    for (LoraChoice& one : all[name]) one.path = (kLoras / one.path).string();
  }
  return all;
}

// Hundreds of small tensors: the file is opened once.
NamedTensors read_golden() {
  const SafetensorsFile file = SafetensorsFile::open(kLoras / "fused.safetensors");
  NamedTensors all;
  for (const auto& [name, view] : file.tensors())
    all[name] = at::from_blob(const_cast<std::byte*>(view.data.data()), view.shape,
                              view.dtype == DType::kF32   ? at::kFloat
                              : view.dtype == DType::kF16 ? at::kHalf
                                                          : at::kBFloat16)
                    .clone();
  return all;
}

class Lora : public LoadedModel {
 protected:
  const NamedTensors& golden() const {
    static const NamedTensors all = read_golden();
    return all;
  }

  // How far the model's fused weights are from diffusers', all together; each that diffusers
  // changed is there, and no other.
  double deviation(const std::string& name, const std::vector<LoraChoice>& choices,
                   const std::string& precision) const {
    const fs::path model = kGoldens / "model_a";
    const LoraLayers layers = *LoraLayers::of_model(model, "");
    const LoraSet set = read_loras(choices, layers);
    std::set<std::string> changed;
    double squares = 0, of_difference = 0;
    for (const char* component : {"unet", "text_encoder", "text_encoder_2"}) {
      Weights weights = Weights::open(model / component, weight_stem(component), "",
                                      scalar_type_of(precision, "precision"));
      weights.fuse(set.of(component));
      for (const LoraDelta& delta : set.of(component)) {
        const std::string key = name + "/" + precision + "/" + component + "/" + delta.tensor;
        if (!changed.insert(key).second) continue;
        const auto wanted = golden().find(key);
        if (wanted == golden().end()) {
          ADD_FAILURE() << key << " is not among the goldens";
          continue;
        }
        std::string module = delta.tensor;
        module.resize(module.size() - 7);  // .weight
        const LoraLayer* layer = layers.find(component, module);
        const at::Tensor got =
            weights.tensor(delta.tensor, layer->weight).flatten().slice(0, 0, std::nullopt, kEvery);
        EXPECT_EQ(got.scalar_type(), wanted->second.scalar_type());
        const at::Tensor exact = wanted->second.to(at::kDouble);
        squares += exact.square().sum().item<double>();
        of_difference += (got.to(at::kDouble) - exact).square().sum().item<double>();
      }
    }
    for (const auto& [key, tensor] : golden()) {
      const bool ours = key.starts_with(name + "/" + precision + "/");
      EXPECT_TRUE(!ours || changed.contains(key)) << key << " was not changed";
    }
    return std::sqrt(of_difference / squares);
  }

  std::vector<LoraChoice> loras(const std::string& name) const { return cases().at(name); }
};

// In half precision a product that a kernel adds up otherwise moves some values by a last bit. What
// would be wrong: a difference or a half that is rounded once less is 1.5e-4 and more away in fp16,
// 1.2e-3 in bf16; another alpha or order much more.
TEST_F(Lora, GiveTheWeightsThatDiffusersFuses) {
  const std::map<std::string, double> limits = {{"fp32", 3e-7}, {"fp16", 2e-5}, {"bf16", 2e-4}};
  for (const auto& [name, choices] : cases())
    for (const auto& [precision, limit] : limits)
      expect_within(limit, deviation(name, choices, precision), name + " " + precision);
}

TEST_F(Lora, GiveTheLatentsOfDiffusers) {
  const NamedTensors wanted = tensors_of(kLoras / "latents.safetensors");
  for (const auto& [name, choices] : cases()) {
    const Made made = make({.model = kGoldens / "model_a", .lora = choices});
    expect_within(1.2e-5, relative_l2(made.latents, wanted.at(name + "/fp32")), name);
    EXPECT_EQ(made.effective.at("lora"), to_json(choices));
    EXPECT_EQ(made.report.files.at("lora").at("files").size(), name == "three"  ? 5u
                                                               : name == "peft" ? 3u
                                                                                : 1u);
  }
}

TEST_F(Lora, OfNoneAreNoChange) {
  const Made none = make_original();
  EXPECT_EQ(none.effective.at("lora"), json::array());
  std::vector<LoraChoice> still = loras("peft");
  still[0].scale = 0;
  EXPECT_EQ(make({.model = kGoldens / "model_a", .lora = still}).hashes.at("token_ids"),
            none.hashes.at("token_ids"));
}

TEST_F(Lora, AreInWhatIsSentToADevice) {
  const LoadOptions options{.model = kGoldens / "model_a", .lora = loras("three")};
  const Made sent = make(options, [] {
    return Upload{[](void* to, std::span<const std::byte> from) {
                    std::memcpy(to, from.data(), from.size());
                  },
                  [] {}};
  });
  EXPECT_GT(sent.report.uploaded_bytes, 0);
  // The same numbers; products in float32 round by where their operands lie.
  expect_within(1e-5, relative_l2(sent.latents, make(options).latents), "latents");
}

// Of all that another engine shares with the reference the weights are the largest part: with the
// same LoRAs their latents are near, without them they are not.
TEST_F(Lora, AreFusedForTheAcceleratedEngineToo) {
  const auto latents = [&](const std::vector<LoraChoice>& choices) {
    const auto engine = make_accelerated_engine(
        [](at::ScalarType type) { return make_aten_backend(type, at::kCPU); });
    Request request{.prompt = "a cat", .steps = 1, .width = 64, .height = 64};
    request.noise = folder_ / "noise.safetensors";
    request.latents = folder_ / "latents.safetensors";
    engine->load({.model = kGoldens / "model_a", .lora = choices, .threads = 1});
    engine->generate(request);
    return load_tensor(request.latents, "latents");
  };
  std::vector<LoraChoice> strong = loras("kohya");
  strong[0].scale = 2;
  const at::Tensor wanted = make({.model = kGoldens / "model_a", .lora = strong}).latents;
  const double with = relative_l2(latents(strong), wanted),
               without = relative_l2(latents({}), wanted);
  EXPECT_LT(10 * with, without) << with << " and " << without;
}

TEST_F(Lora, ThatDoNotFitThePrecisionAreRefused) {
  const std::string layer = "unet.down_blocks.1.attentions.0.proj_in";
  save_tensors(folder_ / "large.safetensors",
               {{layer + ".lora_A.weight", at::full({1, 16}, 300.0)},
                {layer + ".lora_B.weight", at::full({16, 1}, 300.0)}});
  const LoadOptions options{.model = kGoldens / "model_a",
                            .lora = {{(folder_ / "large.safetensors").string(), 1}},
                            .precision = "fp16"};
  EXPECT_NE(refusal(options).find("down_blocks.1.attentions.0.proj_in.weight: with its LoRA holds "
                                  "values that are not finite in Half; choose a smaller scale or "
                                  "another precision"),
            std::string::npos)
      << refusal(options);
}

}  // namespace
}  // namespace sameseed
