// The half-accumulating product beside at::mm in float: same shape, same threads.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include "pipeline/cpu/half_product.h"

namespace {

// Rows, outputs and depth of layers of SDXL.
void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"M", "N", "K"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{2048, 1280, 1280}, {512, 2560, 320}, {8192, 640, 640}})
    b->Args(shape);
}

at::Tensor half_values(std::int64_t rows, std::int64_t columns) {
  return at::randn({rows, columns}).to(at::kHalf).to(at::kFloat);
}

void count(benchmark::State& state) {
  const double flops = 2.0 * static_cast<double>(state.range(0) * state.range(1) * state.range(2));
  state.counters["FLOP/s"] = benchmark::Counter(
      flops, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

void float_mm(benchmark::State& state) {
  const at::Tensor a = half_values(state.range(0), state.range(2));
  const at::Tensor b = half_values(state.range(1), state.range(2)).t();
  for (auto _ : state) benchmark::DoNotOptimize(at::mm(a, b).data_ptr());
  count(state);
}

void half(benchmark::State& state, int block, sameseed::Kernel kernel) {
  if (!sameseed::is_available(kernel))
    return state.SkipWithError("this CPU lacks the instruction set");
  const at::Tensor a = half_values(state.range(0), state.range(2));
  const at::Tensor b = half_values(state.range(1), state.range(2));
  at::Tensor c = at::empty({state.range(0), state.range(1)});
  const sameseed::PackedMatrix packed(b.const_data_ptr<float>(), b.size(0), b.size(1));
  for (auto _ : state)
    sameseed::half_product(a.const_data_ptr<float>(), packed, c.data_ptr<float>(), a.size(0), block,
                           at::get_num_threads(), kernel);
  count(state);
}

using enum sameseed::Kernel;
BENCHMARK(float_mm)->Apply(shapes);
BENCHMARK_CAPTURE(half, avx512_block16, 16, kAvx512)->Apply(shapes);
BENCHMARK_CAPTURE(half, avx512_block8, 8, kAvx512)->Apply(shapes);
BENCHMARK_CAPTURE(half, avx512_block4, 4, kAvx512)->Apply(shapes);
BENCHMARK_CAPTURE(half, avx2_block16, 16, kAvx2)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
