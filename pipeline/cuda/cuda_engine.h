// The arm under test on a GPU: SDXL with OneDiff's switches over the layers of cuda_backend.h.
#pragma once

#include "pipeline/accelerated_engine.h"

namespace sameseed::cuda {

// `plain` makes the VAE's backend where its precision is float32.
std::unique_ptr<Engine> make_accelerated_engine(MakePlainBackend plain, at::Device device);

}  // namespace sameseed::cuda
