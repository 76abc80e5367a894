// lpips.alex: do the pictures look alike to a network trained to see? LPIPS v0.1 on AlexNet (Zhang
// et al. 2018; richzhang/PerceptualSimilarity:lpips/lpips.py). Range 0 and up, symmetric; identical
// images: 0. Better: lower.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <array>
#include <filesystem>
#include <mutex>
#include <vector>

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
    return std::string("LPIPS v0.1, AlexNet, input -1..1, no resizing; weights SHA-256 ") + kSha256;
  }
  std::string unavailable() const override {
    return std::filesystem::exists(file_) ? "" : "no weights at " + file_.string();
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    const c10::InferenceMode guard;
    std::call_once(loaded_, [&] { load(); });
    const auto shift = at::tensor({-0.030f, -0.088f, -0.188f}).view({1, 3, 1, 1});
    const auto scale = at::tensor({0.458f, 0.448f, 0.450f}).view({1, 3, 1, 1});
    at::Tensor x = (at::cat({tensor_of(candidate), tensor_of(reference)}) - shift) / scale;
    double distance = 0;
    for (std::size_t i = 0; i < kStages.size(); ++i) {
      if (kStages[i].pooled) x = at::max_pool2d(x, 3, 2);
      x = at::conv2d(x, kernels_[i], biases_[i], kStages[i].stride, kStages[i].padding).relu_();
      const at::Tensor unit = x / (x.square().sum(1, /*keepdim=*/true).sqrt() + 1e-10);
      distance +=
          at::conv2d((unit[0] - unit[1]).square().unsqueeze(0), linear_[i]).mean().item<double>();
    }
    return {{distance}, {}};
  }

 private:
  static at::Tensor tensor_of(const cv::Mat& image) {
    const cv::Mat packed = image.isContinuous() ? image : image.clone();
    return at::from_blob(packed.data, {1, packed.rows, packed.cols, 3}, at::kByte)
                   .permute({0, 3, 1, 2})
                   .to(at::kFloat)
                   .contiguous() /
               127.5 -
           1;
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
      kernels_.push_back(read(std::string(kStages[i].name) + ".weight"));
      biases_.push_back(read(std::string(kStages[i].name) + ".bias"));
      linear_.push_back(read("lin" + std::to_string(i) + ".model.1.weight"));
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
