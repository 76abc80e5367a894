// The arm under test on a GPU: SDXL with OneDiff's switches over the layers of cuda_backend.h.
#pragma once

#include "pipeline/cpu/accelerated_engine.h"
#include "pipeline/model/upload.h"

namespace sameseed::cuda {

// `plain` makes the VAE's backend where its precision is float32; `upload` as in SdxlEngine.
std::unique_ptr<Engine> make_accelerated_engine(MakePlainBackend plain, at::Device device,
                                                MakeUpload upload);

// Whether the GPU still takes this process' work.
bool gpu_works();

}  // namespace sameseed::cuda
