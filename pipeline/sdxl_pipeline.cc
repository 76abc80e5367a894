#include "pipeline/sdxl_pipeline.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "io/elapsed.h"
#include "io/error.h"
#include "pipeline/model/weight_files.h"
#include "pipeline/schedulers/read_scheduler.h"
#include "pipeline/sdxl_parts.h"
#include "pipeline/watch/nonfinite.h"

namespace sameseed {
namespace {

// Opens a component's weights, builds it, and files what was found. As in diffusers, one that lacks
// the variant is read from its plain files where others have it.
template <typename Build>
auto load_component(const std::filesystem::path& folder, std::string variant, bool others_have_it,
                    const Backend& backend, const LoraSet& loras, const Upload* upload,
                    LoadReport& report, const std::string& name, Build build) {
  const std::string stem = weight_stem(name);
  if (others_have_it && !Weights::stored(folder, stem, variant)) {
    report.warnings.push_back(
        fmt::format("{}: has no variant {}; its plain files are read", folder.string(), variant));
    variant.clear();
  }
  Weights weights =
      Weights::open(folder, stem, variant, backend.activation_type(), backend.device());
  weights.fuse(loras.of(name));
  if (const std::string other = weights.left_out(); !other.empty())
    report.warnings.push_back(
        fmt::format("{}: is left out: {} was saved twice, and {} is read, as {} does", other, name,
                    other.ends_with(".json") ? "the single file" : "the index of shards beside it",
                    name.starts_with("text") ? "transformers" : "diffusers"));
  const auto is_left_out = [&](const std::string& tensor) {
    return tensor.ends_with("position_ids") || (name == "vae" && belongs_to_vae_encoder(tensor));
  };
  if (upload) {
    const auto start = std::chrono::steady_clock::now();
    report.uploaded_bytes +=
        weights.send(*upload, [&](const std::string& tensor) { return !is_left_out(tensor); });
    report.upload_ms += ms_since(start);
  }
  auto component = build(weights);
  std::vector<std::string> unused = weights.check();
  std::erase_if(unused, is_left_out);
  if (!unused.empty())
    report.warnings.push_back(
        fmt::format("{}: {} tensors are not part of this network, the first is {}", folder.string(),
                    unused.size(), unused.front()));
  report.files[name] = {
      {"files", weights.files()}, {"stored_as", weights.stored_type()}, {"variant", variant}};
  return component;
}

void check_step_noise(const StepNoises& needed, const Noise& noise, const Request& request) {
  const std::int64_t there = noise.steps.defined() ? noise.steps.size(0) : 0;
  const bool fits = needed.draws == 0 ||
                    (there == needed.draws && noise.steps[0].sizes() == noise.initial.sizes());
  if (!fits)
    throw UserError(fmt::format("{}: `step_noise` has {} draws; this sampler's {} steps need {}",
                                request.noise, there, request.steps, needed.draws));
}

// [1, 6]: height and width of the original, top and left of the cut, height and width wanted.
Tensor time_ids_of(const SizeConditioning& told, const Request& request) {
  const SizeConditioning::Extent size = {.width = request.width, .height = request.height},
                                 original = told.original.value_or(size),
                                 target = told.target.value_or(size);
  const auto crop = told.crop.value_or(SizeConditioning::Place{});
  std::vector<float> ids;
  for (const int id :
       {original.height, original.width, crop.top, crop.left, target.height, target.width})
    ids.push_back(static_cast<float>(id));
  return at::tensor(ids, at::TensorOptions().dtype(at::kFloat)).unsqueeze(0);
}

bool reads_negative_sizes(const Request& request) {
  return request.negative_conditioning.original && request.negative_conditioning.target;
}

// What goes into the sampler, under diffusers' names.
void note_inputs(const PromptEmbeds& embeds, const Noise& noise, const Request& request,
                 at::Device device, at::ScalarType type, NamedTensors& to) {
  to["noise"] = noise.initial;
  to["prompt_embeds"] = embeds.prompt_embeds;
  to["pooled_prompt_embeds"] = embeds.pooled_prompt_embeds;
  to["add_time_ids"] = time_ids_of(request.conditioning, request).to(device, type);
  if (!embeds.negative_prompt_embeds.defined()) return;
  to["negative_prompt_embeds"] = embeds.negative_prompt_embeds;
  to["negative_pooled_prompt_embeds"] = embeds.negative_pooled_prompt_embeds;
  if (reads_negative_sizes(request))
    to["negative_add_time_ids"] =
        time_ids_of(request.negative_conditioning, request).to(device, type);
}

// What is the same in every step. `noted`: by note_inputs().
UnetInput unet_input(const PromptEmbeds& embeds, const Request& request, const NamedTensors& noted,
                     at::ScalarType type) {
  const bool guided = embeds.negative_prompt_embeds.defined();
  // A row for each picture of the batch; without guidance's half, then with it.
  const auto both = [&](const Tensor& negative, const Tensor& positive) {
    const Tensor rows = positive.repeat_interleave(request.batch, 0);
    return (guided ? at::cat({negative.repeat_interleave(request.batch, 0), rows}, 0) : rows)
        .to(type);
  };
  UnetInput input;
  input.context.text = both(embeds.negative_prompt_embeds, embeds.prompt_embeds);
  input.text_embeds = both(embeds.negative_pooled_prompt_embeds, embeds.pooled_prompt_embeds);
  const Tensor& ids = noted.at("add_time_ids");
  const auto negative = noted.find("negative_add_time_ids");
  // In turn, where the texts stand one half behind the other: so does diffusers, and where pictures
  // are made together and the halves' sizes differ, it tells.
  input.time_ids =
      (guided ? at::cat({negative == noted.end() ? ids : negative->second, ids}, 0) : ids)
          .repeat({request.batch, 1});
  return input;
}

std::vector<int> full_steps_of(const Request& request, const Tensor& timesteps) {
  const Tensor times = timesteps.to(at::kCPU, at::kDouble).contiguous();
  return full_steps(
      *request.deepcache, request.steps,
      {times.const_data_ptr<double>(), times.const_data_ptr<double>() + times.numel()});
}

// Of both halves of the batch, without the prompt and with it.
Tensor guided_prediction(const Tensor& both, const Request& request) {
  const std::vector<Tensor> halves = both.chunk(2);
  const Tensor guided = halves[0] + request.guidance * (halves[1] - halves[0]);
  if (request.guidance_rescale <= 0) return guided;
  const auto deviation = [](const Tensor& of) { return of.std({1, 2, 3}, true, true); };
  const Tensor rescaled = guided * (deviation(halves[1]) / deviation(guided));
  return request.guidance_rescale * rescaled + (1 - request.guidance_rescale) * guided;
}

// One step by the runner: what changes from step to step goes in, what the cache keeps comes out.
Tensor run_step(const StepRunner& runner, const Unet& unet, const UnetInput& input,
                UnetCache* cache, bool partial) {
  const auto step = [&](const std::vector<Tensor>& inputs) -> std::vector<Tensor> {
    UnetInput now = input;
    now.sample = inputs.at(0);
    now.projections = inputs.at(1);
    if (partial) cache->set_tensors({inputs.begin() + 2, inputs.end()});
    std::vector<Tensor> results = {unet.forward(now, cache, partial)};
    if (cache && !partial)
      for (const Tensor& kept : cache->tensors()) results.push_back(kept);
    return results;
  };
  std::vector<Tensor> inputs = {input.sample, input.projections};
  if (partial)
    for (const Tensor& kept : cache->tensors()) inputs.push_back(kept);
  const std::string kind = !cache    ? "full"
                           : partial ? fmt::format("partial, {} skips", cache->skips)
                                     : fmt::format("full, keeping for {} skips", cache->skips);
  const std::vector<Tensor> outputs = runner.run(kind, inputs, step);
  if (cache && !partial) cache->set_tensors({outputs.begin() + 1, outputs.end()});
  return outputs.at(0);
}

}  // namespace

SdxlPipeline::SdxlPipeline(const LoadOptions& options, Backends& backends, LoadReport& report,
                           const Upload* upload)
    : backends_(backends),
      config_(read_pipeline_config(options.model)),
      make_scheduler_(read_model_scheduler(options.model, options.scheduler, report.warnings)),
      unet_config_(read_unet_config(std::filesystem::path(options.model) / "unet")),
      vae_config_(read_vae_config(options.vae.empty() ? std::filesystem::path(options.model) / "vae"
                                                      : std::filesystem::path(options.vae))),
      tokenizer_(Tokenizer::open(std::filesystem::path(options.model) / "tokenizer")),
      tokenizer_2_(Tokenizer::open(std::filesystem::path(options.model) / "tokenizer_2")) {
  report.warnings.insert(report.warnings.begin(), config_.warnings.begin(),
                         config_.warnings.end());  // those of the scheduler are there
  const std::filesystem::path model = options.model;
  const std::filesystem::path vae =
      options.vae.empty() ? model / "vae" : std::filesystem::path(options.vae);
  const auto has_variant = [&](const std::filesystem::path& folder, const char* name) {
    return !options.variant.empty() && Weights::stored(folder, weight_stem(name), options.variant);
  };
  bool any_variant = has_variant(vae, "vae");
  for (const char* name : {"text_encoder", "text_encoder_2", "unet"})
    any_variant = any_variant || has_variant(model / name, name);
  const auto load = [&](const std::filesystem::path& folder, const Backend& backend,
                        const char* name, auto build) {
    return load_component(folder, options.variant, any_variant, backend, loras_, upload, report,
                          name, build);
  };
  const TextEncoderConfig text = read_text_encoder_config(model / "text_encoder"),
                          text_2 = read_text_encoder_config(model / "text_encoder_2");
  check_parts({unet_config_, vae_config_, text, text_2, tokenizer_.length(), tokenizer_2_.length()},
              options.model);
  read_loras_of(options, report);
  const auto text_encoder = [&](const char* name, const TextEncoderConfig& config,
                                bool with_projection) {
    return load(model / name, *backends.text, name, [&](const Weights& at) {
      return std::make_unique<TextEncoder>(*backends.text, at, config, with_projection);
    });
  };
  text_encoder_ = text_encoder("text_encoder", text, false);
  text_encoder_2_ = text_encoder("text_encoder_2", text_2, true);
  unet_ = load(model / "unet", *backends.unet, "unet", [&](const Weights& at) {
    return std::make_unique<Unet>(*backends.unet, at, unet_config_);
  });
  vae_ = load(vae, *backends.vae, "vae", [&](const Weights& at) {
    return std::make_unique<VaeDecoder>(*backends.vae, at, vae_config_);
  });
  unet_stored_ = {model / "unet", report.files.at("unet").at("variant")};
  vae_stored_ = {vae, report.files.at("vae").at("variant")};
}

void SdxlPipeline::read_loras_of(const LoadOptions& options, LoadReport& report) {
  if (options.lora.empty()) return;
  // Where the model has no weights, opening them says so.
  const auto layers = LoraLayers::of_model(options.model, options.variant);
  if (layers) loras_ = read_loras(options.lora, *layers);
  report.warnings.insert(report.warnings.end(), loras_.warnings.begin(), loras_.warnings.end());
  std::vector<std::string> files;
  for (const SafetensorsFile& file : loras_.files) files.push_back(file.path().string());
  report.files["lora"] = {{"files", files}, {"layers", loras_.deltas.size()}};
}

std::vector<std::int64_t> SdxlPipeline::latent_shape(const Request& request) const {
  return sameseed::latent_shape(unet_config_, vae_config_, request.width, request.height,
                                request.batch);
}

TextEncoding SdxlPipeline::encode(const std::string& prompt,
                                  const std::optional<std::string>& prompt_2, int skip,
                                  const std::string& which, PromptEmbeds& embeds) const {
  std::vector<Tensor> hidden;
  TextEncoding result;
  for (const bool is_first : {true, false}) {
    const Tokenizer& tokenizer = is_first ? tokenizer_ : tokenizer_2_;
    const TextEncoder& encoder = is_first ? *text_encoder_ : *text_encoder_2_;
    const TokenIds tokens = tokenizer.encode(is_first ? prompt : prompt_2.value_or(prompt));
    if (tokens.truncated && (is_first || prompt_2))
      embeds.warnings.push_back(fmt::format(
          "the {}{} is longer than {} tokens: its last {} tokens were cut off", which,
          is_first ? "" : " of the second text encoder", tokens.ids.size(), tokens.dropped));
    if (const std::int64_t largest = std::ranges::max(tokens.ids); largest >= encoder.vocabulary())
      throw UserError(fmt::format(
          "the {} has token {}, and {} has embeddings of 0 to {} only (vocab_size); "
          "resize_token_embeddings() makes room",
          which, largest, is_first ? "text_encoder" : "text_encoder_2", encoder.vocabulary() - 1));
    const Tensor ids = at::tensor(tokens.ids, at::TensorOptions().dtype(at::kLong)).unsqueeze(0);
    embeds.token_ids = embeds.token_ids.defined() ? at::cat({embeds.token_ids, ids}, 0) : ids;
    result = encoder.encode(ids, skip);
    hidden.push_back(result.hidden);
  }
  result.hidden = at::cat(hidden, -1);
  return result;
}

PromptEmbeds SdxlPipeline::encode_prompt(const Request& request) const {
  PromptEmbeds embeds;
  const int skip = request.clip_skip.value_or(0),
            most = std::min(text_encoder_->layers(), text_encoder_2_->layers()) - 1;
  if (skip > most)
    throw UserError(
        fmt::format("clip_skip = {}: at most {}, as the text encoders have {} and {} layers", skip,
                    most, text_encoder_->layers(), text_encoder_2_->layers()));
  if (const SizeConditioning& told = request.negative_conditioning;
      (told.original || told.crop || told.target) && !reads_negative_sizes(request))
    embeds.warnings.push_back(
        "negative_original_size, negative_crops_coords_top_left and negative_target_size are not "
        "read, as in diffusers, where either size is missing; give both");
  const TextEncoding positive = encode(request.prompt, request.prompt_2, skip, "prompt", embeds);
  embeds.prompt_embeds = positive.hidden;
  embeds.pooled_prompt_embeds = positive.pooled;
  if (request.guidance <= 1.0) return embeds;
  if (!request.negative_prompt && config_.force_zeros_for_empty_prompt) {
    if (request.negative_2)
      embeds.warnings.push_back(
          "negative_2 is not read, as in diffusers: this model takes zeros where there is no "
          "`negative` (force_zeros_for_empty_prompt); give one, which may be empty");
    embeds.negative_prompt_embeds = at::zeros_like(positive.hidden);
    embeds.negative_pooled_prompt_embeds = at::zeros_like(positive.pooled);
  } else {
    const TextEncoding negative = encode(request.negative_prompt.value_or(""), request.negative_2,
                                         0, "negative prompt", embeds);
    embeds.negative_prompt_embeds = negative.hidden;
    embeds.negative_pooled_prompt_embeds = negative.pooled;
  }
  return embeds;
}

Tensor SdxlPipeline::denoise_with(const Unet& unet, const Request& request,
                                  const PromptEmbeds& embeds, const Noise& noise,
                                  NamedTensors& trace, Generation& generation, Stopwatch& watch,
                                  Observer* observer) const {
  const at::ScalarType type = backends_.unet->activation_type();
  const at::Device device = backends_.unet->device();
  const bool guided = embeds.negative_prompt_embeds.defined();
  const auto scheduler = make_scheduler_(
      {.count = request.steps, .timesteps = request.timesteps, .sigmas = request.sigmas}, device);
  const StepNoises added = scheduler->step_noises();
  check_step_noise(added, noise, request);
  note_inputs(embeds, noise, request, device, type, trace);
  UnetInput input = unet_input(embeds, request, trace, type);

  // What depends on no picture is made before the loop, also where an observer looks on: it must
  // see the same picture. A search for NaN has a UNet of its own, whose layers are plain.
  const bool ahead = backends_.steps && &unet == unet_.get();
  const StepRunner* runner = ahead && !observer ? &*backends_.steps : nullptr;

  const bool caching = request.deepcache && request.deepcache->interval > 1;
  UnetCache cache;
  std::vector<int> full;
  if (request.deepcache) {
    cache = unet.make_cache(*request.deepcache,
                            ahead);  // refuses a place that does not exist, also at interval 1
    full = full_steps_of(request, scheduler->timesteps());
  }

  const Tensor& timesteps = scheduler->timesteps();
  Tensor projections;
  if (ahead) {
    projections = unet.time_projections(input, timesteps);
    std::vector<Tensor> made;
    for (const KeysValues& one : unet.keys_values(input.context.text)) {
      made.push_back(one.k);
      made.push_back(one.v);
    }
    if (runner) made = runner->keep(made);
    for (std::size_t i = 0; i < made.size(); i += 2)
      input.context.made.push_back({made[i], made[i + 1]});
  }

  Tensor latents = noise.initial.to(device, type) * scheduler->init_noise_sigma();
  watch.mark();
  for (std::int64_t i = 0; i < timesteps.size(0); ++i) {
    const bool partial =
        caching && !std::binary_search(full.begin(), full.end(), static_cast<int>(i));
    input.sample = scheduler->scale_model_input(
        guided && !ahead ? at::cat({latents, latents}, 0) : latents, i);
    input.timestep = timesteps[i];
    if (ahead) input.projections = projections[i];
    UnetCache* const kept = caching ? &cache : nullptr;
    Tensor noise_pred = runner ? run_step(*runner, unet, input, kept, partial)
                               : unet.forward(input, kept, partial, observer);
    if (guided)
      noise_pred = guided_prediction(noise_pred, request);
    else if (runner)
      noise_pred = noise_pred.clone();  // the graph's own memory, which its next replay writes over
    const Tensor extra =
        i < added.draws ? noise.steps[i].to(device, added.is_float ? at::kFloat : type) : Tensor();
    latents = scheduler->step(noise_pred, i, latents, extra);
    if (i == 0) trace["noise_pred_first"] = noise_pred;
    if (i == timesteps.size(0) - 1) trace["noise_pred_last"] = noise_pred;
    watch.mark();
    generation.step_full.push_back(!partial);
    if (observer && !observer->step(latents)) break;
  }
  trace["timesteps"] = scheduler->timesteps();
  if (scheduler->sigmas().defined()) trace["sigmas"] = scheduler->sigmas();
  trace["latents"] = latents;
  return latents;
}

Tensor SdxlPipeline::decode(const Tensor& latents) const {
  return (vae_->decode(latents) * 0.5 + 0.5).clamp(0, 1).to(at::kFloat);
}

nlohmann::json SdxlPipeline::find_nonfinite(const Request& request, const PromptEmbeds& embeds,
                                            const Noise& noise, const Tensor& latents,
                                            const Tensor& image) const {
  const auto weights = [&](const Stored& stored, const char* name, const Backend& backend) {
    Weights opened = Weights::open(stored.folder, weight_stem(name), stored.variant,
                                   backend.activation_type(), backend.device());
    opened.fuse(loras_.of(name));
    return opened;
  };
  NonfiniteFinder finder;
  const std::int64_t bad_latents = count_nonfinite(latents);
  if (bad_latents > 0) {
    const auto watched = make_watched_backend(*backends_.unet, finder);
    const Unet unet(*watched, weights(unet_stored_, "unet", *watched), unet_config_);
    NamedTensors tensors;
    Generation again;
    Stopwatch unread(watched->device());
    denoise_with(unet, request, embeds, noise, tensors, again, unread, &finder);
  } else {
    const auto watched = make_watched_backend(*backends_.vae, finder);
    VaeDecoder(*watched, weights(vae_stored_, "vae", *watched), vae_config_).decode(latents);
  }
  nlohmann::json found = finder.found();
  found["latents"] = bad_latents;
  found["image"] = count_nonfinite(image);
  return found;
}

}  // namespace sameseed
