#include "pipeline/sdxl_parts.h"

#include <fmt/format.h>

#include "io/error.h"

namespace sameseed {
namespace {

constexpr std::int64_t kTimeIds = 6;  // size, crop and target size

std::string problem_of_lengths(const SdxlParts& parts) {
  if (parts.tokens != parts.tokens_2)
    return fmt::format(
        "\n  tokenizer makes {} tokens of a text and tokenizer_2 {}: model_max_length must be the "
        "same in both",
        parts.tokens, parts.tokens_2);
  std::string problems;
  for (const auto& [name, encoder] :
       {std::pair{"text_encoder", &parts.text_encoder}, {"text_encoder_2", &parts.text_encoder_2}})
    if (static_cast<std::int64_t>(parts.tokens) > encoder->max_position_embeddings)
      problems += fmt::format(
          "\n  the tokenizers make {} tokens of a text (model_max_length), and {} takes {} "
          "(max_position_embeddings)",
          parts.tokens, name, encoder->max_position_embeddings);
  return problems;
}

}  // namespace

void check_parts(const SdxlParts& parts, const std::string& folder) {
  const UnetConfig& unet = parts.unet;
  std::string problems = problem_of_lengths(parts);
  if (unet.in_channels != parts.vae.latent_channels)
    problems += fmt::format("\n  unet has in_channels = {}, and vae latent_channels = {}",
                            unet.in_channels, parts.vae.latent_channels);
  if (const std::int64_t width = parts.text_encoder.hidden_size + parts.text_encoder_2.hidden_size;
      unet.cross_attention_dim != width)
    problems += fmt::format(
        "\n  unet has cross_attention_dim = {}, and the text encoders' hidden_size {} + {} = {}",
        unet.cross_attention_dim, parts.text_encoder.hidden_size, parts.text_encoder_2.hidden_size,
        width);
  if (const std::int64_t width =
          kTimeIds * unet.addition_time_embed_dim + parts.text_encoder_2.projection_dim;
      unet.projection_class_embeddings_input_dim != width)
    problems += fmt::format(
        "\n  unet has projection_class_embeddings_input_dim = {}, and {} x addition_time_embed_dim "
        "({}) + text_encoder_2's projection_dim ({}) is {}",
        unet.projection_class_embeddings_input_dim, kTimeIds, unet.addition_time_embed_dim,
        parts.text_encoder_2.projection_dim, width);
  if (!problems.empty())
    throw UserError(folder + ": the parts of this model do not fit together:" + problems);
}

}  // namespace sameseed
