// The arm that counts as right: plain ATen, diffusers' operations in diffusers' order.
#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "pipeline/engine.h"

namespace sameseed {

std::unique_ptr<Engine> make_reference_engine(c10::Device device);

}  // namespace sameseed
