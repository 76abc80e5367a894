// SDXL from prompt to picture: tokenizers, text encoders, UNet, scheduler and VAE decoder of one
// model folder.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/engine.h"
#include "pipeline/layers/backend.h"
#include "pipeline/model/lora.h"
#include "pipeline/model/pipeline_config.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "pipeline/schedulers/scheduler.h"
#include "pipeline/text/text_encoder.h"
#include "pipeline/text/text_encoder_config.h"
#include "pipeline/text/tokenizer.h"
#include "pipeline/unet/unet.h"
#include "pipeline/unet/unet_config.h"
#include "pipeline/vae/vae.h"
#include "pipeline/vae/vae_config.h"
#include "pipeline/watch/stopwatch.h"

namespace sameseed {

// The arithmetic of each part of the network. Must outlive the pipeline.
struct Backends {
  std::unique_ptr<Backend> text, unet, vae;
  std::optional<StepRunner> steps;  // absent: steps are called one by one
};

struct PromptEmbeds {
  Tensor prompt_embeds, pooled_prompt_embeds;  // [1, tokens, width], [1, pooled width]
  Tensor negative_prompt_embeds, negative_pooled_prompt_embeds;  // undefined where guidance is off
  Tensor token_ids;  // every id that was encoded, for the hash
  std::vector<std::string> warnings;
};

class SdxlPipeline {
 public:
  // Reads the folder through the backends; throws UserError that lists what does not fit. Fills in
  // what was read. `upload` brings weights to the backends' device; null: they go one by one.
  SdxlPipeline(const LoadOptions& options, Backends& backends, LoadReport& report,
               const Upload* upload = nullptr);

  // Shape of the request's initial noise; throws UserError for sizes that cannot be made.
  std::vector<std::int64_t> latent_shape(const Request& request) const;

  PromptEmbeds encode_prompt(const Request& request) const;

  // Runs the sampler. Throws UserError where `noise` is not what its steps need. `trace` gains the
  // tensors of the run under diffusers' names; `generation` which steps were full ones; `watch` is
  // marked once before the steps and behind each; `observer` may look on. Returns the final
  // latents.
  Tensor denoise(const Request& request, const PromptEmbeds& embeds, const Noise& noise,
                 NamedTensors& trace, Generation& generation, Stopwatch& watch,
                 Observer* observer = nullptr) const {
    return denoise_with(*unet_, request, embeds, noise, trace, generation, watch, observer);
  }

  // The blocks of which an observer learns, see Unet.
  std::vector<std::string> block_names() const { return unet_->block_names(); }

  // Makes a picture that came out with NaN or infinities again, every layer of the UNet watched, or
  // of the VAE where the latents are finite: {"latents", "image": how many values, and what
  // NonfiniteFinder found}.
  nlohmann::json find_nonfinite(const Request& request, const PromptEmbeds& embeds,
                                const Noise& noise, const Tensor& latents,
                                const Tensor& image) const;

  // Final latents -> image [1, 3, height, width], 0..1, float32.
  Tensor decode(const Tensor& latents) const;

 private:
  struct Stored {  // a component's weights
    std::filesystem::path folder;
    std::string variant;
  };

  void read_loras_of(const LoadOptions& options, LoadReport& report);
  Tensor denoise_with(const Unet& unet, const Request& request, const PromptEmbeds& embeds,
                      const Noise& noise, NamedTensors& trace, Generation& generation,
                      Stopwatch& watch, Observer* observer) const;
  // `prompt_2`: for the second encoder, where it is another. `which`: of them, for warnings.
  TextEncoding encode(const std::string& prompt, const std::optional<std::string>& prompt_2,
                      int skip, const std::string& which, PromptEmbeds& embeds) const;

  Backends& backends_;
  PipelineConfig config_;
  MakeScheduler make_scheduler_;
  UnetConfig unet_config_;
  VaeConfig vae_config_;
  Tokenizer tokenizer_, tokenizer_2_;
  LoraSet loras_;
  Stored unet_stored_, vae_stored_;
  std::unique_ptr<TextEncoder> text_encoder_, text_encoder_2_;
  std::unique_ptr<Unet> unet_;
  std::unique_ptr<VaeDecoder> vae_;
};

}  // namespace sameseed
