// One tile of the product in E4M3, see e4m3_product.h.
#pragma once

#include "pipeline/cuda/kernels/e4m3_product.h"
#include "pipeline/cuda/kernels/product_tile.cuh"

namespace sameseed::cuda::tiles {

// Sums times the scales of their row and column, plus the bias.
template <typename Shape>
using ScaledAndBiased =
    fusion::Sm90EVT<Compute<cutlass::plus>,
                    fusion::Sm90EVT<Compute<cutlass::multiplies>, OfRows<Shape, float>,
                                    fusion::Sm90EVT<Compute<cutlass::multiplies>,
                                                    OfColumns<Shape, float>, fusion::Sm90AccFetch>>,
                    OfColumns<Shape, Fp16>>;

struct E4m3 {
  using Element = cutlass::float_e4m3_t;
  using C = void;
  using D = Fp16;
  using Schedule = cutlass::gemm::KernelTmaWarpSpecializedPingpongFP8FastAccum;
  template <typename Shape>
  using Visitor = ScaledAndBiased<Shape>;
};

struct E4m3WithResidual : E4m3 {
  using C = Fp16;
  template <typename Shape>
  using Visitor =
      fusion::Sm90EVT<Compute<cutlass::plus>, ScaledAndBiased<Shape>, fusion::Sm90SrcFetch<Fp16>>;
};

inline Launch launch_of(const E4m3Product& p, int swizzle, bool along_n, void* workspace,
                        std::size_t workspace_bytes, cudaStream_t stream) {
  return {static_cast<int>(p.m),
          static_cast<int>(p.n),
          static_cast<int>(p.k),
          p.x,
          p.w,
          p.residual,
          p.y,
          swizzle,
          along_n,
          workspace,
          workspace_bytes,
          stream};
}

template <typename Shape>
typename ScaledAndBiased<Shape>::Arguments arguments_of(const E4m3Product& p) {
  return {{{p.x_scales, 0, {}}, {{p.w_scales, 0, {}}, {}, {}}, {}},
          {static_cast<const Fp16*>(p.bias), Fp16(0), {}},
          {}};
}

}  // namespace sameseed::cuda::tiles
