// One tile of the gated product, see gated_product.h; each is a file of its own, so that they
// compile side by side. CUTLASS 4.2: warp-specialised, "ping-pong", where one group of warps gates
// its tile while the other one multiplies.
#pragma once

#include <cuda_fp16.h>

// The GPU's headers of CUTLASS come before its collectives.
#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal_adapter.h>
#include <cutlass/gemm/kernel/tile_scheduler_params.h>

#include <cute/tensor.hpp>
#include <cutlass/epilogue/collective/collective_builder.hpp>
#include <cutlass/gemm/collective/collective_builder.hpp>
#include <cutlass/gemm/kernel/gemm_universal.hpp>

#include "pipeline/cuda/kernels/gated_product.h"

namespace sameseed::cuda {
namespace gated {

namespace fusion = cutlass::epilogue::fusion;
using Fp16 = cutlass::half_t;

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
      auto* const gated = reinterpret_cast<__half*>(&bytes);
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kCount / 2; ++i) {
        const float value = sums[2 * i], gate = sums[2 * i + 1];
        gated[i] = __float2half(value * 0.5f * gate * (1.0f + erff(gate * 0.70710678118654752f)));
      }
      return bytes;
    }
  };

  template <bool kReferenceSource, class... Arguments>
  CUTLASS_DEVICE auto get_consumer_store_callbacks(const fusion::ConsumerStoreArgs<Arguments...>&) {
    return Callbacks{};
  }
};

template <int kM, int kN, int kK>
struct Tile {
  using Shape = cute::Shape<cute::Int<kM>, cute::Int<kN>, cute::Int<kK>>;
  using Cluster = cute::Shape<cute::_2, cute::_1, cute::_1>;
  using Bias = fusion::Sm90RowBroadcast<0, Shape, Fp16, float,
                                        cute::Stride<cute::_0, cute::_1, std::int64_t>>;
  using Biased = fusion::Sm90EVT<
      fusion::Sm90Compute<cutlass::plus, float, float, cutlass::FloatRoundStyle::round_to_nearest>,
      fusion::Sm90AccFetch, Bias>;
  using Epilogue = typename cutlass::epilogue::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Shape, Cluster,
      cutlass::epilogue::collective::EpilogueTileAuto, float, float, void,
      cutlass::layout::RowMajor, 8, std::uint8_t, cutlass::layout::RowMajor, 16,
      cutlass::epilogue::TmaWarpSpecialized, fusion::Sm90EVT<GatePairs, Biased>>::CollectiveOp;
  using Mainloop = typename cutlass::gemm::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Fp16, cutlass::layout::RowMajor, 8, Fp16,
      cutlass::layout::ColumnMajor, 8, float, Shape, Cluster,
      cutlass::gemm::collective::StageCountAutoCarveout<static_cast<int>(
          sizeof(typename Epilogue::SharedStorage))>,
      cutlass::gemm::KernelTmaWarpSpecializedPingpong>::CollectiveOp;
  using Kernel = cutlass::gemm::kernel::GemmUniversal<cute::Shape<int, int, int, int>, Mainloop,
                                                      Epilogue, cutlass::gemm::PersistentScheduler>;
  using Gemm = cutlass::gemm::device::GemmUniversalAdapter<Kernel>;

  static bool run(const GatedProduct& p, int swizzle, bool along_n, void* workspace,
                  std::size_t workspace_bytes, cudaStream_t stream) {
    const auto m = static_cast<int>(p.m), n = static_cast<int>(2 * p.inner),
               k = static_cast<int>(p.k);
    typename Gemm::Arguments a{};
    a.mode = cutlass::gemm::GemmUniversalMode::kGemm;
    a.problem_shape = {m, n, k, 1};
    a.mainloop.ptr_A = static_cast<const Fp16*>(p.x);
    cute::get<0>(a.mainloop.dA) = k;
    a.mainloop.ptr_B = static_cast<const Fp16*>(p.w);
    cute::get<0>(a.mainloop.dB) = k;
    a.epilogue.thread = {{{}, {static_cast<const Fp16*>(p.bias), Fp16(0), {}}, {}}, {}};
    a.epilogue.ptr_D = static_cast<std::uint8_t*>(p.y);
    cute::get<0>(a.epilogue.dD) = n;
    int device = 0;
    if (cudaGetDevice(&device) != cudaSuccess ||
        cudaDeviceGetAttribute(&a.hw_info.sm_count, cudaDevAttrMultiProcessorCount, device) !=
            cudaSuccess)
      return false;
    a.scheduler.max_swizzle_size = swizzle;
    using Order = decltype(a.scheduler.raster_order);
    a.scheduler.raster_order = along_n ? Order::AlongN : Order::AlongM;
    Gemm gemm;
    return Gemm::can_implement(a) == cutlass::Status::kSuccess &&
           Gemm::get_workspace_size(a) <= workspace_bytes &&
           gemm.initialize(a, workspace, stream) == cutlass::Status::kSuccess &&
           gemm.run(stream, nullptr, /*launch_with_pdl=*/true) == cutlass::Status::kSuccess;
  }
};

}  // namespace gated
}  // namespace sameseed::cuda
