#include "pipeline/sdxl_engine.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <torch/version.h>

#include <chrono>
#include <numeric>

#include "io/elapsed.h"
#include "io/enhance.h"
#include "io/error.h"
#include "io/libtorch_version.h"
#include "io/png.h"
#include "pipeline/load_options.h"
#include "pipeline/schedulers/sampler_choice.h"
#include "pipeline/watch/nonfinite.h"
#include "pipeline/watch/trace.h"

namespace sameseed {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t peak_memory(at::Device device) {
  if (!device.is_cpu())
    return c10::getDeviceAllocator(device.type())
        ->getDeviceStats(device.index())
        .allocated_bytes[0]
        .peak;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

// So that a picture's peak on a GPU is its own. The system's of a process only ever grows.
void forget_peak_memory(at::Device device) {
  if (!device.is_cpu()) c10::getDeviceAllocator(device.type())->resetPeakStats(device.index());
}

// [batch, 3, h, w] in 0..1 -> 8 bits, one below another, rounded half to even as numpy does; not
// finite becomes 0.
Image to_image(const Tensor& image) {
  const Tensor bytes = at::nan_to_num(image * 255, 0.0)
                           .round()
                           .clamp(0, 255)
                           .to(at::kByte)
                           .permute({0, 2, 3, 1})
                           .flatten(0, 1)
                           .contiguous()
                           .cpu();
  Image result{static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(0)), {}};
  result.rgb.assign(bytes.const_data_ptr<std::uint8_t>(),
                    bytes.const_data_ptr<std::uint8_t>() + bytes.numel());
  return result;
}

constexpr const char* kHighest = "highest";  // the oracle's: what this device computes most exactly

// ATen's own settings, which hold for the process. The highest precision leaves TF32 out and takes
// deterministic algorithms only; otherwise they are LibTorch's, as diffusers leaves them, or what
// is asked for.
void set_exactness(const LoadOptions& options) {
  const bool highest = options.precision == kHighest;
  at::Context& context = at::globalContext();
  context.setAllowTF32CuBLAS(options.tf32.value_or(0) == 1);
  context.setAllowTF32CuDNN(!highest && options.tf32.value_or(1) == 1);
  context.setDeterministicCuDNN(highest);
  context.setAllowFP16AccumulationCuBLAS(options.fp16_accumulation == 1);
}

std::vector<double> listed(const Tensor& values) {
  const Tensor there = values.cpu().to(at::kDouble).contiguous();
  return {there.const_data_ptr<double>(), there.const_data_ptr<double>() + there.numel()};
}

// fp32 where the config says force_upcast (but never less than the UNet's), else as the UNet; or
// what the axis names.
at::ScalarType vae_type(const LoadOptions& options) {
  if (options.vae_precision != "model")
    return scalar_type_of(options.vae_precision, "load.vae_precision");
  const std::filesystem::path model = options.model;
  const VaeConfig config =
      read_vae_config(options.vae.empty() ? model / "vae" : std::filesystem::path(options.vae));
  const at::ScalarType type = scalar_type_of(options.precision, "load.precision");
  return config.force_upcast && type != at::kDouble ? at::kFloat : type;
}

// The loaded library's own version, as the loader takes whatever LD_LIBRARY_PATH names first; none
// but that of the headers may run.
std::string libtorch_version() {
  const std::string loaded = libtorch_version_in(at::show_config());
  if (!loaded.empty() && loaded != TORCH_VERSION)
    throw UserError(
        fmt::format("LibTorch {} is loaded, and this worker was built with {}: take the other one "
                    "out of LD_LIBRARY_PATH, or use the programs that were built with it",
                    loaded, TORCH_VERSION));
  return loaded.empty() ? TORCH_VERSION : loaded;
}

// The loader takes whatever cuDNN it finds first, and another one computes other bits.
void add_cuda_versions(LoadReport& report) {
  const at::CUDAHooksInterface& hooks = at::detail::getCUDAHooks();
  const std::int64_t built = hooks.versionCuDNN(), loaded = hooks.versionRuntimeCuDNN();
  report.versions["cuda"] = std::int64_t{hooks.versionCUDART()};
  report.versions["cudnn"] = loaded;
  if (loaded != built)
    report.warnings.push_back(
        fmt::format("cuDNN {} is loaded, LibTorch was built with {}: pictures may differ from "
                    "PyTorch's own; name the folder of that one in LD_LIBRARY_PATH",
                    loaded, built));
}

}  // namespace

void refuse_settings_of_the_reference(const LoadOptions& options) {
  const auto refuse = [](const char* name) {
    throw Unsupported(
        fmt::format("load.{}: is PyTorch's own setting and acts on the reference; the accelerated "
                    "engine's sums "
                    "are what its switches say",
                    name));
  };
  if (options.fp16_accumulation != 0) refuse("fp16_accumulation");
  if (options.tf32) refuse("tf32");
}

void refuse_settings_of_the_accelerated_engine(const LoadOptions& options) {
  if (is_fp8(options))
    throw Unsupported(
        fmt::format("load.linear = \"{}\": acts on the accelerated engine only", options.linear));
}

at::Device visible_gpu() {
  if (!at::globalContext().hasCUDA())
    throw UserError(
        "no GPU can be used: none is visible (CUDA_VISIBLE_DEVICES?), or the driver is older than "
        "LibTorch needs; `sameseed doctor` says more, --devices cpu does without");
  return {at::kCUDA, 0};
}

LoadReport SdxlEngine::load(const LoadOptions& asked) {
  const c10::InferenceMode guard;
  const auto start = Clock::now();
  const std::string libtorch = libtorch_version();
  LoadOptions options = asked;
  if (options.precision.empty()) options.precision = default_precision_;
  check_together(options);
  set_exactness(options);
  if (options.precision == kHighest) options.precision = device_.is_cpu() ? "fp64" : "fp32";
  if (options.threads < 0 || options.threads > 1024)
    throw UserError(
        fmt::format("load.threads = {}: must lie between 1 and 1024, or be 0", options.threads));
  if (options.threads > 0) at::set_num_threads(options.threads);

  LoadReport report;
  report.engine = name_;
  pipeline_.reset();
  read_pipeline_config(
      options.model);  // first of all, so that a wrong folder is called a wrong folder
  const at::ScalarType vae = vae_type(options);
  arithmetic_ = make_(options, vae);
  // What the networks are made in, and not what was asked for.
  arithmetic_.effective["precision"] = precision_of(arithmetic_.backends.unet->activation_type());
  arithmetic_.effective["vae_precision"] =
      precision_of(arithmetic_.backends.vae->activation_type());
  arithmetic_.effective["threads"] = at::get_num_threads();
  arithmetic_.effective["device"] = device_.str();
  arithmetic_.effective["lora"] = to_json(options.lora);
  const std::optional<Upload> upload = upload_ ? std::optional(upload_()) : std::nullopt;
  pipeline_.emplace(options, arithmetic_.backends, report, upload ? &*upload : nullptr);
  report.effective = arithmetic_.effective;
  report.effective["sampler"] = scheduler_class_of(options.model, options.scheduler);
  report.engagement = arithmetic_.probes;
  report.versions = {{"libtorch", libtorch}, {"cpu_capability", at::get_cpu_capability()}};
  if (!device_.is_cpu()) {
    add_cuda_versions(report);
    c10::impl::VirtualGuardImpl(device_.type()).synchronizeDevice(device_.index());
  }
  report.load_ms = ms_since(start);
  report.peak_memory = peak_memory(device_);
  return report;
}

const SdxlPipeline& SdxlEngine::loaded() const {
  if (!pipeline_) throw UserError("no model is loaded: send `load` first");
  return *pipeline_;
}

Generation SdxlEngine::generate(const Request& request) {
  const c10::InferenceMode guard;
  const SdxlPipeline& pipeline = loaded();
  const Noise noise = load_noise(request.noise);
  const std::vector<std::int64_t> shape = pipeline.latent_shape(request);
  if (noise.initial.sizes() != at::IntArrayRef(shape))
    throw UserError(fmt::format("{}: `noise` has another shape than {} picture(s) of {}x{} need",
                                request.noise, request.batch, request.width, request.height));

  Generation generation;
  forget_peak_memory(device_);
  arithmetic_.reset();
  Stopwatch watch(device_);
  const PromptEmbeds embeds = pipeline.encode_prompt(request);
  const std::size_t text = watch.mark();
  NamedTensors tensors;
  std::optional<Trace> trace;
  if (!request.trace.empty()) trace.emplace(pipeline.block_names());
  const Tensor latents = pipeline.denoise(request, embeds, noise, tensors, generation, watch,
                                          trace ? &*trace : nullptr);
  const Tensor image = pipeline.decode(latents);
  const std::size_t decode = watch.mark();
  const std::vector<double> times = watch.milliseconds();
  generation.text_ms = times.at(text);
  generation.step_ms.assign(times.begin() + static_cast<std::ptrdiff_t>(text) + 2,
                            times.begin() + static_cast<std::ptrdiff_t>(decode));
  generation.decode_ms = times.at(decode);
  generation.total_ms = std::accumulate(times.begin(), times.end(), 0.0);

  generation.warnings = embeds.warnings;
  generation.effective = arithmetic_.effective;
  generation.engagement = arithmetic_.counters();
  std::vector<int> full;
  for (std::size_t i = 0; i < generation.step_full.size(); ++i)
    if (generation.step_full[i]) full.push_back(static_cast<int>(i));
  generation.engagement["steps_full"] = full.size();
  generation.engagement["steps_partial"] = generation.step_full.size() - full.size();
  generation.engagement["full_steps"] = full;
  if (request.deepcache && request.deepcache->branch)  // which counts by them
    generation.engagement["timesteps"] = listed(tensors.at("timesteps"));
  generation.engagement["non_finite_latents"] = count_nonfinite(latents);
  if (const std::int64_t bad_latents = count_nonfinite(latents), bad_image = count_nonfinite(image);
      bad_latents + bad_image > 0)
    try {
      generation.nonfinite = pipeline.find_nonfinite(request, embeds, noise, latents, image);
    } catch (const std::exception& problem) {  // it loads a network again; the picture is broken
      generation.nonfinite = {{"step", nullptr},
                              {"layers", nlohmann::json::array()},
                              {"layers_affected", 0},
                              {"latents", bad_latents},
                              {"image", bad_image}};
      generation.warnings.push_back(
          fmt::format("where NaN and infinities arose was not found: {}", problem.what()));
    }
  generation.hashes = hashes_of(noise);
  generation.hashes.update({{"token_ids", sha256_of(embeds.token_ids)},
                            {"latents", sha256_of(latents)},
                            {"image", sha256_of(image)}});
  if (!request.image.empty() || !request.enhance.empty()) {
    const auto copying = Clock::now();
    Image picture = to_image(image);
    generation.copy_ms = ms_since(copying);
    if (!request.enhance.empty()) {
      const auto enhancing = Clock::now();
      picture = enhanced(picture, request.enhance, request.batch);
      generation.enhance_ms = ms_since(enhancing);
      generation.total_ms += generation.enhance_ms;
      generation.effective["enhance"] = request.enhance;
    }
    if (!request.image.empty()) {
      const auto writing = Clock::now();
      write_png(request.image, picture);
      generation.png_ms = ms_since(writing);
    }
  }
  if (!request.latents.empty()) {
    NamedTensors kept;
    for (const char* name : {"latents", "prompt_embeds", "pooled_prompt_embeds",
                             "negative_prompt_embeds", "negative_pooled_prompt_embeds"})
      if (const auto found = tensors.find(name); found != tensors.end()) kept.insert(*found);
    save_tensors(request.latents, kept);
  }
  if (!request.tensors.empty()) {
    tensors["image"] = image;
    save_tensors(request.tensors, tensors);
  }
  if (trace) trace->save(request.trace);
  generation.peak_memory = peak_memory(device_);
  return generation;
}

}  // namespace sameseed
