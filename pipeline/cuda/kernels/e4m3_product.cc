#include "pipeline/cuda/kernels/e4m3_product.h"

#ifdef SAMESEED_CUTLASS
#include "pipeline/cuda/kernels/e4m3_tiles.h"
#endif

namespace sameseed::cuda {

std::string E4m3Kernel::name() const {
  return std::string("CUTLASS ") + tile + " swizzle " + std::to_string(swizzle) +
         (along_n ? " along n" : " along m");
}

#ifdef SAMESEED_CUTLASS

std::vector<E4m3Kernel> e4m3_kernels(int device, bool residual) {
  int major = 0;
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) != cudaSuccess ||
      major != 9)  // their instructions are that architecture's own
    return {};
  std::vector<E4m3Kernel> kernels;
  for (const int swizzle : {1, 2, 4, 8})
    for (const bool along_n : {false, true})
      kernels.push_back(
          {"128x160x128", swizzle, along_n, residual ? e4m3_128x160_residual : e4m3_128x160});
  return kernels;
}

#else

std::vector<E4m3Kernel> e4m3_kernels(int, bool) { return {}; }

#endif

}  // namespace sameseed::cuda
