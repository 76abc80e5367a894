// What the parts of a model folder have to agree on.
#pragma once

#include <cstddef>
#include <string>

#include "pipeline/text/text_encoder_config.h"
#include "pipeline/unet/unet_config.h"
#include "pipeline/vae/vae_config.h"

namespace sameseed {

struct SdxlParts {
  UnetConfig unet;
  VaeConfig vae;
  TextEncoderConfig text_encoder, text_encoder_2;
  std::size_t tokens = 0, tokens_2 = 0;  // that each tokenizer makes of a text
};

// Throws UserError that begins with `folder` and lists what does not fit: widths, channels, and
// texts longer than an encoder takes.
void check_parts(const SdxlParts& parts, const std::string& folder);

}  // namespace sameseed
