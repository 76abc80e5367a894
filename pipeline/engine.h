// What an engine is: something that loads once and then turns requests into images. No LibTorch
// here.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/model/lora_choice.h"
#include "pipeline/unet/deepcache.h"

namespace sameseed {

// Thrown by an engine that understands a request and cannot serve it here; the worker goes on.
class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The `load.` axes: fixed once a worker is up.
struct LoadOptions {
  std::string model;  // folder in diffusers' layout
  std::string vae;    // another VAE folder, or empty: the model's own
  // Another sampler than scheduler/ says: a class name, which reads the model's own config as
  // diffusers' from_config does; a scheduler_config.json, or a folder with one. Empty: the model's
  // own.
  std::string scheduler;
  // Fused into UNet and text encoders, one after another, when the model is loaded.
  std::vector<LoraChoice> lora;
  std::string variant;  // "fp16" picks *.fp16.safetensors; empty: plain files
  // "fp64", "fp32", "fp16", "bf16", or "highest": the most exact of them on this device; empty: the
  // engine's default.
  std::string precision;
  std::string vae_precision =
      "model";  // "model" (fp32 where the config says force_upcast), "fp64", "fp32", "bf16", "fp16"
  int threads = 0;    // 0: LibTorch's own choice
  bool cold = false;  // on a GPU: search algorithms anew, and keep none for the next process
  int accumulation_block = 16;  // products added before the half accumulator is rounded: 16, 8 or 4
  // In what the UNet's transformers multiply, of the accelerated engine: "fp16"; "fp8" for E4M3
  // with a scale for each token and each output channel; "fp8-tensor" for one scale a tensor.
  std::string linear = "fp16";
  int fp8_fast_accumulation = 0;  // 1: sums of FP8 products keep 13 bits over all of their depth
  // PyTorch's own settings for a GPU, of the reference.
  int fp16_accumulation = 0;  // 1: fp16 products add up in fp16 (allow_fp16_accumulation)
  // 1: fp32 products and convolutions round their factors to TF32; 0: neither; absent: PyTorch's
  // own, convolutions only.
  std::optional<int> tf32;
};

// What the worker says once it is loaded.
struct LoadReport {
  std::string engine;
  double load_ms = 0;
  double upload_ms = 0;             // of it: weights on their way to the device
  std::int64_t uploaded_bytes = 0;  // in that time; 0: weights stay where they are
  nlohmann::json effective =
      nlohmann::json::object();  // every switch as read in this process, and what it means
  nlohmann::json engagement = nlohmann::json::object();  // probes run at load
  nlohmann::json files =
      nlohmann::json::object();  // component -> {file, sha256 of its header, dtype}
  nlohmann::json versions = nlohmann::json::object();  // libtorch, cpu capability, threads
  std::vector<std::string> warnings;
  std::int64_t peak_memory = 0;  // bytes resident at most
};

constexpr int kMostBatch = 4;

// What SDXL is told of how a picture of its training was cut, in pixels. Absent: the request's
// size, and no cut.
struct SizeConditioning {
  struct Extent {
    int width = 0, height = 0;
  };
  struct Place {
    int top = 0, left = 0;
  };
  std::optional<Extent> original, target;  // before the cut; that the training wanted
  std::optional<Place> crop;               // of the cut in the original
};

// One image to make. Sizes are in pixels, multiples of the VAE's factor (8). A batch is one image
// as well: its pictures stand one below another, so that a fault in any of them is in the scores.
struct Request {
  std::string prompt;
  std::optional<std::string> negative_prompt;  // absent: zeros where the model forces them, else ""
  // For the second text encoder; absent: the same. negative_2 is read where a negative prompt is.
  std::optional<std::string> prompt_2, negative_2;
  std::uint64_t seed = 0;
  int steps = 30;
  // Instead of `steps`, which is then their number: the steps' own timesteps, or their noise levels
  // and the one behind the last step. At most one of the lists has any.
  std::vector<double> timesteps = {}, sigmas = {};
  double guidance = 5.0;  // off at <= 1
  // How much of the guided prediction gets the deviation of the prompt's own (Lin et al. 2024,
  // arXiv 2305.08891, section 3.4); 0: none.
  double guidance_rescale = 0;
  // How many layers more than the last the text encoders leave out of the prompt's embeddings;
  // never of the negative prompt's, as in diffusers. Absent is 0.
  std::optional<int> clip_skip;
  int width = 128, height = 128;  // of each picture
  SizeConditioning conditioning;
  // Of guidance's other half; as `conditioning` unless it has both sizes, as in diffusers.
  SizeConditioning negative_conditioning;
  int batch = 1;  // pictures made together, 1 to kMostBatch
  std::optional<DeepCache> deepcache;
  std::string enhance;  // post-processing of the 8-bit picture (io/enhance.h); empty: none
  // safetensors file with `noise` [batch, channels, height/8, width/8] and, for a sampler that adds
  // noise in its steps, `step_noise` [draws, ...].
  std::string noise;
  std::string image;    // PNG to write
  std::string latents;  // safetensors to write: final latents and text embeddings; empty: none
  std::string tensors;  // safetensors to write: everything DESIGN's `--tensors` names; empty: none
  std::string trace;    // safetensors to write: latents and block norms of every step; empty: none
};

struct Generation {
  // The total is text, what is made between text and first step, steps and decode; no files.
  double text_ms = 0, decode_ms = 0, total_ms = 0;
  double copy_ms = 0, png_ms = 0;  // the picture back to the host; its file
  double enhance_ms = 0;           // post-processing: part of the total
  std::vector<double> step_ms;
  std::vector<bool> step_full;                       // false: a partial DeepCache step
  nlohmann::json hashes = nlohmann::json::object();  // SHA-256 of noise, token_ids, latents, image
  nlohmann::json effective = nlohmann::json::object();
  nlohmann::json engagement = nlohmann::json::object();  // counters of this image
  nlohmann::json nonfinite;  // where NaN and infinities arose (reports/FILES.md); null: nowhere
  std::vector<std::string> warnings;
  // Bytes at most: on a GPU those that this picture had of the device, on a CPU those that the
  // process has had resident since it began.
  std::int64_t peak_memory = 0;
};

struct NoiseRequest {
  std::string model, vae, scheduler;  // as in LoadOptions; only their config files are read
  int steps = 30;                     // as many as the sampler makes
  std::vector<double> timesteps = {}, sigmas = {};  // as in Request
  std::uint64_t seed = 0;
  int width = 128, height = 128;
  int batch = 1;  // drawn as one tensor, as diffusers does for num_images_per_prompt
  std::string precision =
      "fp32";       // the reference arm's: fp16 noise is another stream than fp32 noise
  std::string out;  // safetensors with `noise` and, where steps add noise, `step_noise`
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual LoadReport load(const LoadOptions& options) = 0;
  virtual Generation generate(const Request& request) = 0;
};

}  // namespace sameseed
