// lpips.alex: do the pictures look alike to a network trained to see? LPIPS v0.1 on AlexNet (Zhang
// et al. 2018; richzhang/PerceptualSimilarity:lpips/lpips.py). Range 0 and up, symmetric; identical
// images: 0. Better: lower.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <numeric>
#include <vector>

#include "io/libtorch_version.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "metrics/all_metrics.h"
#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr const char* kSha256 = "797adfd63fe6f80bb4109a3d31ef32bc863beb9abf4f87fbd02214e4aac53fea";
constexpr int kSmallest = 31;  // what AlexNet's strides leave something of

struct Stage {
  const char* name;
  std::int64_t stride, padding;
  bool pooled;  // a 3x3 maximum with stride 2 comes before the convolution
};
constexpr std::array<Stage, 5> kStages = {{{"features.0", 4, 2, false},
                                           {"features.3", 1, 2, true},
                                           {"features.6", 1, 1, true},
                                           {"features.8", 1, 1, false},
                                           {"features.10", 1, 1, false}}};

class Lpips final : public Metric {
 public:
  explicit Lpips(const std::string& weights)
      : file_(std::filesystem::path(weights) / "lpips/alex-v0.1.safetensors") {}

  std::vector<Quantity> quantities() const override {
    return {{"lpips.alex", "", Better::kLower, 0}};
  }
  std::string definition() const override {
    return fmt::format("LPIPS v0.1, AlexNet, input -1..1, no resizing; weights SHA-256 {}",
                       kSha256);
  }
  std::string library() const override {
    return "LibTorch " + libtorch_version_in(at::show_config());
  }
  std::string unavailable() const override {
    return std::filesystem::exists(file_) ? "" : "no weights at " + file_.string();
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    const c10::InferenceMode guard;
    std::call_once(loaded_, [&] { load(); });
    at::Tensor x = batch_of(candidate, reference);
    double distance = 0;
    for (std::size_t i = 0; i < kStages.size(); ++i) {
      if (kStages[i].pooled) x = at::max_pool2d(x, 3, 2);
      x = at::conv2d(x, kernels_[i], biases_[i], kStages[i].stride, kStages[i].padding).relu_();
      distance += distance_of(x, linear_[i]);
    }
    return {{distance}, {}};
  }

 private:
  // Both pictures as one batch, scaled to -1..1 and then as the trunk was trained.
  static at::Tensor batch_of(const cv::Mat& candidate, const cv::Mat& reference) {
    constexpr float kShift[] = {-0.030f, -0.088f, -0.188f}, kScale[] = {0.458f, 0.448f, 0.450f};
    at::Tensor batch = at::empty({2, 3, candidate.rows, candidate.cols}, at::kFloat);
    float* out = batch.data_ptr<float>();
    for (const cv::Mat* image : {&candidate, &reference})
      for (int c = 0; c < 3; ++c) {
        std::array<float, 256> table{};
        for (std::size_t v = 0; v < table.size(); ++v)
          table[v] = (static_cast<float>(v) / 127.5f - 1 - kShift[c]) / kScale[c];
        for (int row = 0; row < image->rows; ++row) {
          const std::uint8_t* in = image->ptr(row) + c;
          for (int i = 0; i < image->cols; ++i) *out++ = table[in[3 * i]];
        }
      }
    return batch;
  }

  // Mean over places of the weighted squared difference of unit vectors; a few places at a time,
  // because whole temporaries of a stage cost as much as its convolution.
  static double distance_of(const at::Tensor& features, const at::Tensor& linear) {
    constexpr std::int64_t kPlaces = 64;
    const std::int64_t channels = features.size(1), places = features.size(2) * features.size(3);
    const at::Tensor packed = features.contiguous();
    const float* x = packed.data_ptr<float>();
    const float* y = x + channels * places;
    const float* weights = linear.data_ptr<float>();
    const std::int64_t blocks = (places + kPlaces - 1) / kPlaces;
    std::vector<double> sums(static_cast<std::size_t>(blocks));  // apart: threads change no bit
    at::parallel_for(0, blocks, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t block = begin; block < end; ++block) {
        const std::int64_t start = block * kPlaces, count = std::min(kPlaces, places - start);
        std::array<float, kPlaces> xx{}, yy{}, total{};
        for (std::int64_t c = 0; c < channels; ++c) {
          const float *a = x + c * places + start, *b = y + c * places + start;
          for (std::int64_t i = 0; i < count; ++i) {
            const auto at = static_cast<std::size_t>(i);
            xx[at] += a[i] * a[i];
            yy[at] += b[i] * b[i];
          }
        }
        for (std::size_t i = 0; i < kPlaces; ++i) {
          xx[i] = 1 / (std::sqrt(xx[i]) + 1e-10f);
          yy[i] = 1 / (std::sqrt(yy[i]) + 1e-10f);
        }
        for (std::int64_t c = 0; c < channels; ++c) {
          const float *a = x + c * places + start, *b = y + c * places + start;
          for (std::int64_t i = 0; i < count; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const float step = a[i] * xx[at] - b[i] * yy[at];
            total[at] += weights[c] * step * step;
          }
        }
        double sum = 0;
        for (std::int64_t i = 0; i < count; ++i) sum += total[static_cast<std::size_t>(i)];
        sums[static_cast<std::size_t>(block)] = sum;
      }
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(places);
  }

  void load() const {
    if (const std::string hash = sha256_of_file(file_); hash != kSha256)
      throw UserError(file_.string() + ": SHA-256 is " + hash + ", not " + kSha256 +
                      "; restore the file");
    const SafetensorsFile file = SafetensorsFile::open(file_);
    const auto read = [&](const std::string& name) {
      const TensorView& view = file.tensors().at(name);
      return at::from_blob(const_cast<std::byte*>(view.data.data()), view.shape, at::kFloat)
          .clone();
    };
    for (std::size_t i = 0; i < kStages.size(); ++i) {
      kernels_.push_back(read(fmt::format("{}.weight", kStages[i].name)));
      biases_.push_back(read(fmt::format("{}.bias", kStages[i].name)));
      linear_.push_back(read(fmt::format("lin{}.model.1.weight", i)));
    }
  }

  std::filesystem::path file_;
  mutable std::once_flag loaded_;
  mutable std::vector<at::Tensor> kernels_, biases_, linear_;
};

}  // namespace

std::unique_ptr<Metric> make_lpips(const std::string& weights) {
  return std::make_unique<Lpips>(weights);
}

}  // namespace sameseed
