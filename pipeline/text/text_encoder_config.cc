#include "pipeline/text/text_encoder_config.h"

#include <fmt/format.h>

#include <utility>

#include "io/error.h"
#include "pipeline/model/config_fields.h"

namespace sameseed {

TextEncoderConfig read_text_encoder_config(const std::filesystem::path& folder) {
  // transformers writes many fields that have no effect here, so unknown ones pass.
  ConfigFields fields(folder / "config.json");
  TextEncoderConfig config;
  fields.only("model_type", {"clip_text_model"});
  config.hidden_size = fields.get("hidden_size", config.hidden_size);
  config.intermediate_size = fields.get("intermediate_size", config.intermediate_size);
  config.layers = fields.get("num_hidden_layers", config.layers);
  config.heads = fields.get("num_attention_heads", config.heads);
  config.vocab_size = fields.get("vocab_size", config.vocab_size);
  config.max_position_embeddings =
      fields.get("max_position_embeddings", config.max_position_embeddings);
  config.projection_dim = fields.get("projection_dim", config.projection_dim);
  config.eos_token_id = fields.get("eos_token_id", config.eos_token_id);
  config.layer_norm_eps = fields.get("layer_norm_eps", config.layer_norm_eps);
  config.hidden_act = fields.get("hidden_act", config.hidden_act);
  fields.only("hidden_act", {"gelu", "quick_gelu"});
  for (const char* name : {"quantization_config", "transformers_weights", "text_config"})
    fields.only(name, {});
  for (const char* name : {"return_dict", "use_return_dict"}) fields.only(name, {true});
  if (!(config.layer_norm_eps > 0)) fields.complain("layer_norm_eps", "must be positive");
  for (const auto& [name, value] : {std::pair{"hidden_size", config.hidden_size},
                                    {"intermediate_size", config.intermediate_size},
                                    {"num_hidden_layers", config.layers},
                                    {"num_attention_heads", config.heads},
                                    {"vocab_size", config.vocab_size},
                                    {"max_position_embeddings", config.max_position_embeddings},
                                    {"projection_dim", config.projection_dim}})
    fields.require_positive(name, value);
  if (config.layers < 2)
    fields.complain("num_hidden_layers", "needs at least 2: SDXL reads the last but one");
  if (config.heads > 0 && config.hidden_size % config.heads != 0)
    fields.complain("num_attention_heads", "must divide hidden_size");
  fields.finish();
  return config;
}

}  // namespace sameseed
