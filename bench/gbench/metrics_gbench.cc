// Metrics against the library calls that they cannot do without, at SDXL's size, both on the
// number of threads that is the argument. cv::GaussianBlur uses one thread for doubles, whatever
// it is given: SSIM's figure to hold is that of one.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "bench/gbench/in_turn.h"
#include "metrics/all_metrics.h"
#include "metrics/memory.h"
#include "metrics/ssim.h"

namespace sameseed {
namespace {

constexpr int kSide = 1024;

cv::Mat random_picture(std::uint64_t seed) {
  cv::Mat picture(kSide, kSide, CV_8UC3);
  cv::RNG(seed).fill(picture, cv::RNG::UNIFORM, 0, 256);
  return picture;
}

void use_threads(const benchmark::State& state) {
  cv::setNumThreads(static_cast<int>(state.range(0)));
  at::set_num_threads(static_cast<int>(state.range(0)));
}

// The gaussian window beside its five blurs (of x, y, xx, yy, xy) over three channels of doubles,
// into buffers that are reused.
void ssim_beside_five_gaussian_blurs(benchmark::State& state) {
  use_threads(state);
  const cv::Mat candidate = random_picture(1), reference = random_picture(2);
  cv::Mat x, y, moments[5], blurred[5];
  candidate.convertTo(x, CV_64FC3);
  reference.convertTo(y, CV_64FC3);
  moments[0] = x;
  moments[1] = y;
  moments[2] = x.mul(x);
  moments[3] = y.mul(y);
  moments[4] = x.mul(y);
  compare_in_turn(
      state, [&] { benchmark::DoNotOptimize(ssim_gaussian(candidate, reference)); },
      [&] {
        for (std::size_t i = 0; i < 5; ++i) {
          cv::GaussianBlur(moments[i], blurred[i], {11, 11}, 1.5);
          benchmark::DoNotOptimize(blurred[i].data);
        }
      });
}

// LPIPS beside AlexNet's five convolutions on a batch of two, with the sizes that LPIPS gives them.
void lpips_beside_its_convolutions(benchmark::State& state) {
  use_threads(state);
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
  const auto lpips = make_lpips(SAMESEED_WEIGHTS);
  const cv::Mat candidate = random_picture(1), reference = random_picture(2);
  compare_in_turn(
      state, [&] { benchmark::DoNotOptimize(lpips->score(candidate, reference).values); },
      [&] {
        for (std::size_t i = 0; i < std::size(layers); ++i)
          benchmark::DoNotOptimize(
              at::conv2d(inputs[i], weights[i], biases[i], layers[i].stride, layers[i].padding));
      });
}

// A picture as photographs are: smooth, with fine noise. Of random levels every metric's worst case
// would be measured, and nobody scores such pictures.
cv::Mat smooth_picture(std::uint64_t seed, double noise) {
  cv::Mat small(kSide / 32, kSide / 32, CV_8UC3), picture, grain(kSide, kSide, CV_8SC3);
  cv::RNG(1).fill(small, cv::RNG::UNIFORM, 0, 256);
  cv::resize(small, picture, {kSide, kSide}, 0, 0, cv::INTER_CUBIC);
  cv::RNG(seed).fill(grain, cv::RNG::NORMAL, 0, noise);
  cv::add(picture, grain, picture, cv::noArray(), CV_8UC3);
  return picture;
}

// A pair scored with every metric, LPIPS among them, beside LPIPS alone; asked: at most 4 x.
void every_metric_beside_lpips(benchmark::State& state) {
  use_threads(state);
  const auto metrics = all_metrics(SAMESEED_WEIGHTS);
  const auto lpips = make_lpips(SAMESEED_WEIGHTS);
  const cv::Mat candidate = smooth_picture(2, 4), reference = smooth_picture(3, 4);
  compare_in_turn(
      state,
      [&] {
        for (const auto& metric : metrics)
          benchmark::DoNotOptimize(metric->score(candidate, reference).values);
      },
      [&] { benchmark::DoNotOptimize(lpips->score(candidate, reference).values); });
}

void each_metric_beside_lpips(benchmark::State& state, std::size_t index) {
  use_threads(state);
  const auto metrics = all_metrics(SAMESEED_WEIGHTS);
  const auto lpips = make_lpips(SAMESEED_WEIGHTS);
  const cv::Mat candidate = smooth_picture(2, 4), reference = smooth_picture(3, 4);
  state.SetLabel(metrics[index]->quantities().front().name);
  compare_in_turn(
      state, [&] { benchmark::DoNotOptimize(metrics[index]->score(candidate, reference).values); },
      [&] { benchmark::DoNotOptimize(lpips->score(candidate, reference).values); });
}

void settings(benchmark::internal::Benchmark* b) {
  b->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseManualTime();
}

BENCHMARK(ssim_beside_five_gaussian_blurs)->Apply(settings);
BENCHMARK(lpips_beside_its_convolutions)->Apply(settings);
BENCHMARK(every_metric_beside_lpips)->Apply(settings);

}  // namespace
}  // namespace sameseed

int main(int argc, char** argv) {
  sameseed::keep_freed_memory();
  benchmark::Initialize(&argc, argv);
  const std::size_t count = sameseed::all_metrics(SAMESEED_WEIGHTS).size();
  for (std::size_t i = 0; i < count; ++i)
    benchmark::RegisterBenchmark("each_metric_beside_lpips", sameseed::each_metric_beside_lpips, i)
        ->Apply(sameseed::settings);
  benchmark::RunSpecifiedBenchmarks();
}
