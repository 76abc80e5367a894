// Single modules with diffusers' inputs against diffusers' outputs. Most inputs are of size 1e-3:
// there a wrong epsilon changes everything, while in a whole picture it hides below the limit.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/files.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/text/text_encoder.h"
#include "pipeline/unet/unet.h"
#include "pipeline/vae/vae.h"
#include "reference/aten_backend.h"
#include "tests/reference/goldens.h"
#include "tests/reference/wrapped_backend.h"

namespace sameseed {
namespace {

constexpr double kLimit = 1e-5;  // two correct sets of fp32 kernels differ by less

class Modules : public ::testing::TestWithParam<std::string> {
 protected:
  at::Tensor golden(const std::string& name) const {
    return load_tensor(kGoldens / ("modules_" + GetParam() + ".safetensors"), name);
  }
  Weights weights(const char* component) const {
    return Weights::open(model_ / component, "diffusion_pytorch_model", "", at::kFloat);
  }
  TransformerConfig deepest_transformer() const {
    return {.channels = unet_.block_out_channels[2],
            .context_channels = unet_.cross_attention_dim,
            .heads = unet_.heads[2],
            .layers = unet_.down_transformers[2][0],
            .groups = unet_.norm_num_groups,
            .linear_projection = unet_.use_linear_projection};
  }
  double deviation(const std::string& module, const at::Tensor& got) const {
    return relative_l2(got, golden(module + ".output"));
  }
  void expect_output(const std::string& module, const at::Tensor& got) const {
    expect_within(kLimit, deviation(module, got), module);
  }

  const std::filesystem::path model_ = kGoldens / ("model_" + GetParam());
  const UnetConfig unet_ = read_unet_config(model_ / "unet");
  const VaeConfig vae_ = read_vae_config(model_ / "vae");
  const std::unique_ptr<Backend> backend_ = make_aten_backend(at::kFloat);
};

TEST_P(Modules, TimeEmbeddingEqualsDiffusers) {
  const std::int64_t width = unet_.block_out_channels[0];
  const TimestepEmbedding embedding(*backend_, weights("unet") / "time_embedding", width,
                                    4 * width);
  expect_output("time_embedding",
                embedding.forward(sinusoidal_embedding(golden("time_embedding.timestep"), width,
                                                       unet_.flip_sin_to_cos, unet_.freq_shift)));
}

TEST_P(Modules, ResnetBlockEqualsDiffusersOnSmallInputs) {
  const std::vector<std::int64_t>& widths = unet_.block_out_channels;
  const ResnetBlock resnet(*backend_, weights("unet") / "down_blocks.1.resnets.0",
                           {.in = widths[0],
                            .out = widths[1],
                            .temb = 4 * widths[0],
                            .groups = unet_.norm_num_groups,
                            .eps = unet_.norm_eps});
  expect_output("resnet", resnet.forward(golden("resnet.input"),
                                         resnet.time_projection(golden("resnet.temb"))));
}

TEST_P(Modules, TransformerEqualsDiffusersOnSmallInputs) {
  const Transformer transformer(*backend_, weights("unet") / "down_blocks.2.attentions.0",
                                deepest_transformer());
  expect_output("transformer",
                transformer.forward(golden("transformer.input"),
                                    {.text = golden("transformer.context"), .made = {}}));
}

// Whole pictures do not tell a wrong epsilon from rounding; these inputs do.
TEST_P(Modules, WouldFindAWrongEpsilon) {
  const std::vector<std::int64_t>& widths = unet_.block_out_channels;
  const ResnetBlock resnet(*backend_, weights("unet") / "down_blocks.1.resnets.0",
                           {.in = widths[0],
                            .out = widths[1],
                            .temb = 4 * widths[0],
                            .groups = unet_.norm_num_groups,
                            .eps = 1e-6});
  EXPECT_GE(deviation("resnet", resnet.forward(golden("resnet.input"),
                                               resnet.time_projection(golden("resnet.temb")))),
            100 * kLimit);
  EditedBackend edited(make_aten_backend(at::kFloat),
                       {.group_norm_eps = [](double eps) { return eps == 1e-6 ? 1e-5 : 1e-6; }});
  const Transformer transformer(edited, weights("unet") / "down_blocks.2.attentions.0",
                                deepest_transformer());
  EXPECT_GE(deviation("transformer",
                      transformer.forward(golden("transformer.input"),
                                          {.text = golden("transformer.context"), .made = {}})),
            100 * kLimit);
  const VaeAttention attention(edited, weights("vae") / "decoder.mid_block.attentions.0",
                               vae_.block_out_channels.back(), vae_.norm_num_groups);
  EXPECT_GE(deviation("vae_attention", attention.forward(golden("vae_attention.input"))),
            100 * kLimit);
}

TEST_P(Modules, TransformerBlockEqualsDiffusersOnSmallInputs) {
  const TransformerConfig config = deepest_transformer();
  const TransformerBlock block(*backend_,
                               weights("unet") / "down_blocks.2.attentions.0.transformer_blocks.0",
                               config.channels, config.context_channels, config.heads, 0);
  expect_output("transformer_block",
                block.forward(golden("transformer_block.input"),
                              {.text = golden("transformer_block.context"), .made = {}}));
}

TEST_P(Modules, UnetEqualsDiffusersOnOddSizes) {
  const Unet unet(*backend_, weights("unet"), unet_);
  UnetInput input{.sample = golden("unet.sample"),
                  .timestep = golden("unet.timestep")[0],
                  .context = {.text = golden("unet.context"), .made = {}},
                  .text_embeds = golden("unet.text_embeds"),
                  .time_ids = golden("unet.time_ids"),
                  .projections = {}};
  expect_output("unet", unet.forward(input));

  // The same with what can be made before the loop made before it.
  const Tensor steps = at::stack({input.timestep / 2, input.timestep, input.timestep / 3});
  input.projections = unet.time_projections(input, steps)[1];
  input.context.made = unet.keys_values(input.context.text);
  input.context.text = Tensor();
  expect_output("unet", unet.forward(input));
}

TEST_P(Modules, VaeAttentionEqualsDiffusersOnSmallInputs) {
  const VaeAttention attention(*backend_, weights("vae") / "decoder.mid_block.attentions.0",
                               vae_.block_out_channels.back(), vae_.norm_num_groups);
  expect_output("vae_attention", attention.forward(golden("vae_attention.input")));
}

TEST_P(Modules, VaeDecoderEqualsDiffusers) {
  const VaeDecoder vae(*backend_, weights("vae"), vae_);
  expect_output("vae", vae.decode(golden("vae.latents")));
}

// Remembers the norms that a network asks for.
class NormRecorder final : public WrappedBackend {
 public:
  explicit NormRecorder(std::string component)
      : WrappedBackend(make_aten_backend(at::kFloat)), component_(std::move(component)) {}

  nlohmann::json norms = nlohmann::json::object();  // as in norms.json

  std::unique_ptr<GroupNorm> group_norm(const Weights& at, std::int64_t channels,
                                        std::int64_t groups, double eps) override {
    norms[component_ + "." + at.place()] = {{"groups", groups}, {"eps", eps}};
    return WrappedBackend::group_norm(at, channels, groups, eps);
  }
  std::unique_ptr<LayerNorm> layer_norm(const Weights& at, std::int64_t channels,
                                        double eps) override {
    norms[component_ + "." + at.place()] = {{"groups", nullptr}, {"eps", eps}};
    return WrappedBackend::layer_norm(at, channels, eps);
  }

 private:
  std::string component_;
};

TEST_P(Modules, EveryNormHasDiffusersEpsilonAndGroups) {
  nlohmann::json norms = nlohmann::json::object();
  const auto record = [&](const std::string& component, auto build) {
    NormRecorder recorder(component);
    build(recorder);
    norms.update(recorder.norms);
  };
  for (const char* name : {"text_encoder", "text_encoder_2"})
    record(name, [&](Backend& make) {
      TextEncoder(make, Weights::open(model_ / name, "model", "", at::kFloat),
                  read_text_encoder_config(model_ / name), name == std::string("text_encoder_2"));
    });
  record("unet", [&](Backend& make) { Unet(make, weights("unet"), unet_); });
  record("vae", [&](Backend& make) { VaeDecoder(make, weights("vae"), vae_); });
  const nlohmann::json wanted = read_json(kGoldens / "norms.json").at(GetParam());
  EXPECT_GT(wanted.size(), 100u);
  for (const auto& [name, norm] : wanted.items())
    EXPECT_EQ(norms.value(name, nlohmann::json()), norm) << name;
  EXPECT_EQ(norms.size(), wanted.size());
}

INSTANTIATE_TEST_SUITE_P(Parity, Modules, ::testing::Values("a", "b"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace sameseed
