// The arm under test: SDXL with OneDiff's switches, here on a CPU that models half-precision
// accumulation.
#pragma once

#include <functional>
#include <memory>

#include "pipeline/engine.h"
#include "pipeline/layers/backend.h"

namespace sameseed {

// Makes a plain backend in the given type: the VAE's, on which the switches never act.
using MakePlainBackend = std::function<std::unique_ptr<Backend>(at::ScalarType)>;

std::unique_ptr<Engine> make_accelerated_engine(MakePlainBackend plain);

}  // namespace sameseed
