// A product by CUTLASS 4.2 for compute capability 9: warp-specialised, "ping-pong", where one group
// of warps finishes its tile while the other one multiplies. Each tile is a file of its own, so
// that they compile side by side.
#pragma once

#include <cuda_fp16.h>

// The GPU's headers of CUTLASS come before its collectives.
#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal_adapter.h>
#include <cutlass/gemm/kernel/tile_scheduler_params.h>

#include <cstdint>
#include <cute/tensor.hpp>
#include <cutlass/epilogue/collective/collective_builder.hpp>
#include <cutlass/gemm/collective/collective_builder.hpp>
#include <cutlass/gemm/kernel/gemm_universal.hpp>

namespace sameseed::cuda::tiles {

namespace fusion = cutlass::epilogue::fusion;
using Fp16 = cutlass::half_t;

template <template <class> class Operation>
using Compute =
    fusion::Sm90Compute<Operation, float, float, cutlass::FloatRoundStyle::round_to_nearest>;

// A value of each column (of the result), of each row.
template <typename Shape, typename Value>
using OfColumns = fusion::Sm90RowBroadcast<0, Shape, Value, float,
                                           cute::Stride<cute::_0, cute::_1, std::int64_t>>;
template <typename Shape, typename Value>
using OfRows = fusion::Sm90ColBroadcast<0, Shape, Value, float,
                                        cute::Stride<cute::_1, cute::_0, std::int64_t>>;

// What a kernel is launched with: d [m, n] of x [m, k] and w [n, k], c [m, n] or null, row by row.
struct Launch {
  int m, n, k;
  const void *x, *w, *c;
  void* d;
  int swizzle;  // neighbours that share an operand's tile
  bool along_n;
  void* workspace;
  std::size_t workspace_bytes;
  cudaStream_t stream;
};

// `Kind` names Element (of x and w), C (or void) and D, Schedule, and Visitor<Shape>: what becomes
// of a sum. kK is 128 bytes of x.
template <typename Kind, int kM, int kN, int kK>
struct Tile {
  using Shape = cute::Shape<cute::Int<kM>, cute::Int<kN>, cute::Int<kK>>;
  using Cluster = cute::Shape<cute::_2, cute::_1, cute::_1>;
  using Element = typename Kind::Element;
  using Visitor = typename Kind::template Visitor<Shape>;
  static constexpr int kAligned = 16 / sizeof(Element);
  using Epilogue = typename cutlass::epilogue::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Shape, Cluster,
      cutlass::epilogue::collective::EpilogueTileAuto, float, float, typename Kind::C,
      cutlass::layout::RowMajor, 8, typename Kind::D, cutlass::layout::RowMajor,
      16 / sizeof(typename Kind::D), cutlass::epilogue::TmaWarpSpecialized, Visitor>::CollectiveOp;
  using Mainloop = typename cutlass::gemm::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Element, cutlass::layout::RowMajor,
      kAligned, Element, cutlass::layout::ColumnMajor, kAligned, float, Shape, Cluster,
      cutlass::gemm::collective::StageCountAutoCarveout<static_cast<int>(
          sizeof(typename Epilogue::SharedStorage))>,
      typename Kind::Schedule>::CollectiveOp;
  using Kernel = cutlass::gemm::kernel::GemmUniversal<cute::Shape<int, int, int, int>, Mainloop,
                                                      Epilogue, cutlass::gemm::PersistentScheduler>;
  using Gemm = cutlass::gemm::device::GemmUniversalAdapter<Kernel>;

  // False where this kernel cannot run this product.
  static bool run(const Launch& of, const typename Visitor::Arguments& visitor) {
    typename Gemm::Arguments a{};
    a.mode = cutlass::gemm::GemmUniversalMode::kGemm;
    a.problem_shape = {of.m, of.n, of.k, 1};
    a.mainloop.ptr_A = static_cast<const Element*>(of.x);
    cute::get<0>(a.mainloop.dA) = of.k;
    a.mainloop.ptr_B = static_cast<const Element*>(of.w);
    cute::get<0>(a.mainloop.dB) = of.k;
    a.epilogue.thread = visitor;
    a.epilogue.ptr_C = static_cast<decltype(a.epilogue.ptr_C)>(of.c);
    cute::get<0>(a.epilogue.dC) = of.n;
    a.epilogue.ptr_D = static_cast<typename Kind::D*>(of.d);
    cute::get<0>(a.epilogue.dD) = of.n;
    int device = 0;
    if (cudaGetDevice(&device) != cudaSuccess ||
        cudaDeviceGetAttribute(&a.hw_info.sm_count, cudaDevAttrMultiProcessorCount, device) !=
            cudaSuccess)
      return false;
    a.scheduler.max_swizzle_size = of.swizzle;
    using Order = decltype(a.scheduler.raster_order);
    a.scheduler.raster_order = of.along_n ? Order::AlongN : Order::AlongM;
    Gemm gemm;
    return Gemm::can_implement(a) == cutlass::Status::kSuccess &&
           Gemm::get_workspace_size(a) <= of.workspace_bytes &&
           gemm.initialize(a, of.workspace, of.stream) == cutlass::Status::kSuccess &&
           gemm.run(of.stream, nullptr, /*launch_with_pdl=*/true) == cutlass::Status::kSuccess;
  }
};

}  // namespace sameseed::cuda::tiles
