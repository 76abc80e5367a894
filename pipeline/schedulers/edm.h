// The formulation of EDM (Karras et al. 2022, arXiv 2206.00364), which playground-v2.5 was trained
// in: what goes into the network and what comes out of it is scaled by the noise level.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "pipeline/model/config_fields.h"

namespace sameseed {

struct EdmConfig {
  double sigma_min = 0.002, sigma_max = 80.0, sigma_data = 0.5, rho = 7.0;
  bool is_exponential = false;  // sigma_schedule "exponential" instead of "karras"
  bool is_velocity = false;
  bool ends_at_zero = true;
};
EdmConfig read_edm(ConfigFields& fields);

// [steps], float32. Karras levels with a ramp of `ramp_type`: the two classes differ in it.
at::Tensor edm_levels(const EdmConfig& config, std::int64_t steps, at::ScalarType ramp_type);
// log sigma / 4, which the UNet is told. Taken on the device, as diffusers does.
at::Tensor edm_timesteps(const at::Tensor& levels, at::Device device);
at::Tensor edm_init_noise_sigma(const EdmConfig& config);
at::Tensor edm_scaled_input(const EdmConfig& config, const at::Tensor& latents,
                            const at::Tensor& sigma);
// The clean latents.
at::Tensor edm_clean(const EdmConfig& config, const at::Tensor& sample, const at::Tensor& output,
                     const at::Tensor& sigma);

}  // namespace sameseed
