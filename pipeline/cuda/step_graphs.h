// The UNet's steps as CUDA graphs: one a kind of step and shape, captured when it first comes.
#pragma once

#include <memory>

#include "pipeline/cuda/device_context.h"
#include "pipeline/layers/backend.h"

namespace sameseed::cuda {

StepRunner make_step_graphs(std::shared_ptr<DeviceContext> context);

}  // namespace sameseed::cuda
