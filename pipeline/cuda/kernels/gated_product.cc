#include "pipeline/cuda/kernels/gated_product.h"

#ifdef SAMESEED_CUTLASS
#include "pipeline/cuda/kernels/gated_tiles.h"
#endif

namespace sameseed::cuda {

std::string GatedKernel::name() const {
  return std::string("CUTLASS ") + tile + " swizzle " + std::to_string(swizzle) +
         (along_n ? " along n" : " along m");
}

#ifdef SAMESEED_CUTLASS

std::vector<GatedKernel> gated_kernels(int device) {
  int major = 0;
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) != cudaSuccess ||
      major != 9)  // their instructions are that architecture's own
    return {};
  std::vector<GatedKernel> kernels;
  for (const int swizzle : {1, 2, 4, 8})
    for (const bool along_n : {false, true}) {
      kernels.push_back({"128x160x64", swizzle, along_n, gated_128x160});
      kernels.push_back({"64x256x64", swizzle, along_n, gated_64x256});
    }
  return kernels;
}

#else

std::vector<GatedKernel> gated_kernels(int) { return {}; }

#endif

}  // namespace sameseed::cuda
