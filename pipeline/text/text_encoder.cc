#include "pipeline/text/text_encoder.h"

#include <ATen/ATen.h>

namespace sameseed {

TextEncoder::TextEncoder(Backend& make, const Weights& at, const TextEncoderConfig& c,
                         bool with_projection)
    : config_(c), backend_(make) {
  // Some tools leave the prefix out; transformers takes both.
  const Weights model = at.has("final_layer_norm.weight") ? at : at / "text_model";
  const std::int64_t width = c.hidden_size;
  token_embedding_ = (model / "embeddings.token_embedding").tensor("weight", {c.vocab_size, width});
  position_embedding_ = (model / "embeddings.position_embedding")
                            .tensor("weight", {c.max_position_embeddings, width});
  token_embedding_ = token_embedding_.to(make.activation_type());
  position_embedding_ = position_embedding_.to(make.activation_type());
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const Weights place = model / "encoder.layers" / i;
    Layer layer;
    layer.layer_norm1 = make.layer_norm(place / "layer_norm1", width, c.layer_norm_eps);
    layer.layer_norm2 = make.layer_norm(place / "layer_norm2", width, c.layer_norm_eps);
    const Weights attention = place / "self_attn";
    layer.qkv_proj =
        make.linear_group({attention / "q_proj", attention / "k_proj", attention / "v_proj"}, width,
                          width, /*bias=*/true);
    layer.out_proj = make.linear(place / "self_attn.out_proj", width, width);
    layer.fc1 = make.linear(place / "mlp.fc1", width, c.intermediate_size);
    layer.fc2 = make.linear(place / "mlp.fc2", c.intermediate_size, width);
    layers_.push_back(std::move(layer));
  }
  final_layer_norm_ = make.layer_norm(model / "final_layer_norm", width, c.layer_norm_eps);
  if (with_projection)
    text_projection_ = make.linear(at / "text_projection", width, c.projection_dim, /*bias=*/false);
}

Tensor TextEncoder::run(const Layer& layer, const Tensor& x) const {
  const Tensor normed = layer.layer_norm1->forward(x);
  const std::vector<Tensor> qkv = layer.qkv_proj->forward(normed);
  const Tensor attended =
      backend_.attention(qkv[0], qkv[1], qkv[2], {.heads = config_.heads, .causal = true});
  const Tensor hidden = layer.out_proj->forward(attended, x);
  Tensor inner = layer.fc1->forward(layer.layer_norm2->forward(hidden));
  inner = config_.hidden_act == "quick_gelu" ? inner * at::sigmoid(1.702 * inner) : at::gelu(inner);
  return layer.fc2->forward(inner, hidden);
}

// SDXL's checkpoints say eos_token_id 2, which has always meant: the largest id, the first of
// equals.
Tensor TextEncoder::end_of_text_rows(const Tensor& hidden, const Tensor& ids) const {
  const Tensor flags =
      config_.eos_token_id == 2 ? ids.to(at::kInt) : (ids == config_.eos_token_id).to(at::kInt);
  return hidden.index({at::arange(hidden.size(0), ids.options()), flags.argmax(-1)});
}

TextEncoding TextEncoder::encode(const Tensor& token_ids, int skip) const {
  const Tensor ids = token_ids.to(backend_.device());
  Tensor hidden = at::embedding(token_embedding_, ids) +
                  position_embedding_.slice(0, 0, ids.size(1)).unsqueeze(0);
  TextEncoding encoding;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (i + 1 + static_cast<std::size_t>(skip) == layers_.size()) {
      encoding.hidden = hidden;
      if (!text_projection_) return encoding;
    }
    hidden = run(layers_[i], hidden);
  }
  encoding.pooled =
      text_projection_->forward(end_of_text_rows(final_layer_norm_->forward(hidden), ids));
  return encoding;
}

}  // namespace sameseed
