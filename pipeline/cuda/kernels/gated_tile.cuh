// One tile of the gated product, see gated_product.h.
#pragma once

#include "pipeline/cuda/kernels/gated_product.h"
#include "pipeline/cuda/kernels/gelu.cuh"
#include "pipeline/cuda/kernels/product_tile.cuh"

namespace sameseed::cuda::tiles {

// Registers 2i and 2i + 1 of a thread are neighbours in a row: a value and its gate. The two float
// sums make one fp16, which is handed on as two bytes: to CUTLASS the result is [m, 2 * inner] of
// bytes, which in memory is [m, inner] of fp16.
struct GatePairs : fusion::Sm90VisitorImpl<> {
  using Base = fusion::Sm90VisitorImpl<>;
  using Base::Base;
  CUTLASS_DEVICE bool is_producer_load_needed() const { return false; }
  CUTLASS_DEVICE bool is_C_load_needed() const { return false; }

  struct Callbacks : fusion::EmptyConsumerStoreCallbacks {
    template <typename Sum, typename Input, int kCount>
    CUTLASS_DEVICE cutlass::Array<std::uint8_t, kCount> visit(
        const cutlass::Array<Sum, kCount>&, int, int, int,
        const cutlass::Array<Input, kCount>& sums) {
      static_assert(kCount % 2 == 0);
      cutlass::Array<std::uint8_t, kCount> bytes;
      auto* const results = reinterpret_cast<__half*>(&bytes);
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kCount / 2; ++i) {
        results[i] = __float2half(gated(sums[2 * i], sums[2 * i + 1]));
      }
      return bytes;
    }
  };

  template <bool kReferenceSource, class... Arguments>
  CUTLASS_DEVICE auto get_consumer_store_callbacks(const fusion::ConsumerStoreArgs<Arguments...>&) {
    return Callbacks{};
  }
};

struct Gated {
  using Element = Fp16;
  using C = void;
  using D = std::uint8_t;
  using Schedule = cutlass::gemm::KernelTmaWarpSpecializedPingpong;
  template <typename Shape>
  using Visitor =
      fusion::Sm90EVT<GatePairs, fusion::Sm90EVT<Compute<cutlass::plus>, fusion::Sm90AccFetch,
                                                 OfColumns<Shape, Fp16>>>;
};

template <int kM, int kN>
bool run_gated(const GatedProduct& p, int swizzle, bool along_n, void* workspace,
               std::size_t workspace_bytes, cudaStream_t stream) {
  return Tile<Gated, kM, kN, 64>::run(
      {static_cast<int>(p.m), static_cast<int>(2 * p.inner), static_cast<int>(p.k), p.x, p.w,
       nullptr, p.y, swizzle, along_n, workspace, workspace_bytes, stream},
      {{{}, {static_cast<const Fp16*>(p.bias), Fp16(0), {}}, {}}, {}});
}

}  // namespace sameseed::cuda::tiles
