// The arm that counts as right: plain ATen, diffusers' operations in diffusers' order.
#pragma once

#include <memory>

#include "pipeline/engine.h"

namespace sameseed {

std::unique_ptr<Engine> make_reference_engine();

}  // namespace sameseed
