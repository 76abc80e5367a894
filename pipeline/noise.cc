#include "pipeline/noise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "io/error.h"
#include "pipeline/model/tensor_files.h"

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

std::string draw_noise(const NoiseRequest& request) {
  const at::ScalarType type = scalar_type_of(request.precision, "precision");
  const std::filesystem::path model = request.model;
  const auto shape = latent_shape(
      read_unet_config(model / "unet"),
      read_vae_config(request.vae.empty() ? model / "vae" : std::filesystem::path(request.vae)),
      request.width, request.height, request.batch);
  at::Generator generator = at::detail::createCPUGenerator(request.seed);
  const at::Tensor noise = at::randn(shape, generator, at::TensorOptions().dtype(type));
  save_tensors(request.out, {{"noise", noise}});
  return sha256_of(noise);
}

}  // namespace sameseed
