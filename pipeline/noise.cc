#include "pipeline/noise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "io/error.h"
#include "io/safetensors.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/schedulers/read_scheduler.h"

namespace sameseed {
namespace {

constexpr int kMostPixels = 8192;  // on a side

}  // namespace

std::vector<std::int64_t> latent_shape(const UnetConfig& unet, const VaeConfig& vae, int width,
                                       int height, int batch) {
  const auto scale = static_cast<int>(vae.scale());
  for (const auto& [name, side] : {std::pair{"width", width}, {"height", height}})
    if (side < scale || side % scale != 0 || side > kMostPixels)
      throw UserError(fmt::format("size {}x{}: the {} must be a multiple of {} between {} and {}",
                                  width, height, name, scale, scale, kMostPixels));
  return {batch, unet.in_channels, height / scale, width / scale};
}

nlohmann::json draw_noise(const NoiseRequest& request) {
  const at::ScalarType type = scalar_type_of(request.precision, "precision");
  const std::filesystem::path model = request.model;
  const auto shape = latent_shape(
      read_unet_config(model / "unet"),
      read_vae_config(request.vae.empty() ? model / "vae" : std::filesystem::path(request.vae)),
      request.width, request.height, request.batch);
  at::Generator generator = at::detail::createCPUGenerator(request.seed);
  Noise noise{.initial = at::randn(shape, generator, at::TensorOptions().dtype(type)), .steps = {}};
  std::vector<std::string> warnings;  // are the engine's
  const StepNoises later =
      read_model_scheduler(model, request.scheduler, warnings)(
          {.count = request.steps, .timesteps = request.timesteps, .sigmas = request.sigmas},
          at::kCPU)
          ->step_noises();
  std::vector<at::Tensor> draws;
  for (std::int64_t i = 0; i < later.draws; ++i)
    draws.push_back(
        at::randn(shape, generator, at::TensorOptions().dtype(later.is_float ? at::kFloat : type)));
  NamedTensors tensors = {{"noise", noise.initial}};
  if (!draws.empty()) tensors["step_noise"] = noise.steps = at::stack(draws);
  save_tensors(request.out, tensors);
  return hashes_of(noise);
}

Noise load_noise(const std::filesystem::path& file) {
  Noise noise{.initial = load_tensor(file, "noise"), .steps = {}};
  if (SafetensorsFile::open(file).tensors().contains("step_noise"))
    noise.steps = load_tensor(file, "step_noise");
  return noise;
}

nlohmann::json hashes_of(const Noise& noise) {
  nlohmann::json hashes = {{"noise", sha256_of(noise.initial)}};
  if (noise.steps.defined()) hashes["step_noise"] = sha256_of(noise.steps);
  return hashes;
}

}  // namespace sameseed
