// Metrics against the library calls that they cannot do without, at SDXL's size and on the same
// threads. SSIM scores two windows; each has its own five blurs a channel.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "metrics/metric.h"

namespace sameseed {
namespace {

constexpr int kSide = 1024;

cv::Mat random_picture(std::uint64_t seed) {
  cv::Mat picture(kSide, kSide, CV_8UC3);
  cv::RNG(seed).fill(picture, cv::RNG::UNIFORM, 0, 256);
  return picture;
}

void score_with(benchmark::State& state, const std::string& quantity) {
  for (const auto& metric : all_metrics(SAMESEED_WEIGHTS)) {
    if (metric->quantities().front().name != quantity) continue;
    const cv::Mat candidate = random_picture(1), reference = random_picture(2);
    metric->score(candidate, reference);
    for (auto _ : state) benchmark::DoNotOptimize(metric->score(candidate, reference).values);
    return;
  }
  state.SkipWithError("no such metric");
}

void BM_Ssim(benchmark::State& state) { score_with(state, "ssim.gaussian"); }
void BM_Lpips(benchmark::State& state) { score_with(state, "lpips.alex"); }

// Five blurs of one window over three channels, into buffers that are reused.
void BM_FiveGaussianBlurs(benchmark::State& state) {
  cv::Mat picture, blurred[5];
  random_picture(1).convertTo(picture, CV_64FC3);
  for (auto _ : state)
    for (cv::Mat& result : blurred) {
      cv::GaussianBlur(picture, result, {11, 11}, 1.5);
      benchmark::DoNotOptimize(result.data);
    }
}

// AlexNet's five convolutions on a batch of two, with the sizes that LPIPS gives them.
void BM_PlainConvolutions(benchmark::State& state) {
  const c10::InferenceMode guard;
  struct Layer {
    std::int64_t in, out, kernel, stride, padding, side;
  };
  const Layer layers[] = {{3, 64, 11, 4, 2, 1024},
                          {64, 192, 5, 1, 2, 127},
                          {192, 384, 3, 1, 1, 63},
                          {384, 256, 3, 1, 1, 63},
                          {256, 256, 3, 1, 1, 63}};
  std::vector<at::Tensor> inputs, weights, biases;
  for (const Layer& layer : layers) {
    inputs.push_back(at::randn({2, layer.in, layer.side, layer.side}));
    weights.push_back(at::randn({layer.out, layer.in, layer.kernel, layer.kernel}));
    biases.push_back(at::randn({layer.out}));
  }
  for (auto _ : state)
    for (std::size_t i = 0; i < std::size(layers); ++i)
      benchmark::DoNotOptimize(
          at::conv2d(inputs[i], weights[i], biases[i], layers[i].stride, layers[i].padding));
}

BENCHMARK(BM_Ssim)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(BM_FiveGaussianBlurs)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(BM_Lpips)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(BM_PlainConvolutions)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
}  // namespace sameseed

BENCHMARK_MAIN();
