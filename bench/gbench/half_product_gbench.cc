// The half-accumulating product beside at::mm in float: same shape, same threads.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "bench/gbench/in_turn.h"
#include "pipeline/cpu/half_product.h"

namespace {

// Rows, outputs and depth of layers of SDXL.
void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"threads", "M", "N", "K"})->Unit(benchmark::kMillisecond)->UseManualTime();
  for (const std::int64_t threads : {1, 2})
    for (const std::vector<std::int64_t>& shape :
         {std::vector<std::int64_t>{2048, 1280, 1280}, {512, 2560, 320}, {8192, 640, 640}})
      b->Args({threads, shape[0], shape[1], shape[2]});
}

at::Tensor half_values(std::int64_t rows, std::int64_t columns) {
  return at::randn({rows, columns}).to(at::kHalf).to(at::kFloat);
}

void half_beside_float_mm(benchmark::State& state, int block, sameseed::Kernel kernel) {
  if (!sameseed::is_available(kernel))
    return state.SkipWithError("this CPU lacks the instruction set");
  at::set_num_threads(static_cast<int>(state.range(0)));
  const at::Tensor a = half_values(state.range(1), state.range(3));
  const at::Tensor b = half_values(state.range(2), state.range(3)), transposed = b.t();
  at::Tensor c = at::empty({state.range(1), state.range(2)});
  const sameseed::PackedMatrix packed(b.const_data_ptr<float>(), b.size(0), b.size(1));
  sameseed::compare_in_turn(
      state,
      [&] {
        sameseed::half_product(a.const_data_ptr<float>(), packed, c.data_ptr<float>(), a.size(0),
                               block, at::get_num_threads(), kernel);
      },
      [&] { benchmark::DoNotOptimize(at::mm(a, transposed).data_ptr()); });
}

using enum sameseed::Kernel;
BENCHMARK_CAPTURE(half_beside_float_mm, avx512_block16, 16, kAvx512)->Apply(shapes);
BENCHMARK_CAPTURE(half_beside_float_mm, avx512_block8, 8, kAvx512)->Apply(shapes);
BENCHMARK_CAPTURE(half_beside_float_mm, avx512_block4, 4, kAvx512)->Apply(shapes);
BENCHMARK_CAPTURE(half_beside_float_mm, avx2_block16, 16, kAvx2)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
