#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "io/error.h"
#include "io/files.h"
#include "io/png.h"
#include "metrics/metric.h"
#include "metrics/self_test.h"
#include "metrics/tensors.h"

namespace sameseed {
namespace {

const std::string kWeights = std::string(SAMESEED_SOURCE_DIR) + "/metrics/weights";

cv::Mat flat_image(int value, int width = 64, int height = 48) {
  return {height, width, CV_8UC3, cv::Scalar::all(value)};
}

std::map<std::string, double> scores_of(const cv::Mat& candidate, const cv::Mat& reference) {
  std::map<std::string, double> all;
  for (const auto& metric : all_metrics(kWeights)) {
    const Scores scores = metric->score(candidate, reference);
    for (std::size_t i = 0; i < scores.values.size(); ++i)
      all[metric->quantities()[i].name] = scores.values[i];
  }
  return all;
}

cv::Mat picture(const std::string& name) {
  const Image image = read_png(kWeights + "/lpips/" + name);
  return cv::Mat(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()))
      .clone();
}

TEST(AllMetrics, GiveTheirIdenticalValue) {
  const cv::Mat image = noise_image(1);
  for (const auto& metric : all_metrics(kWeights)) {
    const auto values = metric->score(image, image).values;
    ASSERT_EQ(values.size(), metric->quantities().size());
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(values[i], metric->quantities()[i].identical);
  }
}

TEST(AllMetrics, RefuseDifferentAndTooSmallSizes) {
  for (const auto& metric : all_metrics(kWeights)) {
    EXPECT_THROW(metric->score(flat_image(0, 64, 48), flat_image(0, 48, 64)), UserError);
    const std::string first = metric->quantities()[0].name;
    if (first != "psnr.rgb" && first != "difference.max_abs") {
      EXPECT_THROW(metric->score(flat_image(0, 8, 8), flat_image(0, 8, 8)), UserError);
    }
  }
}

TEST(Psnr, OfBlackAgainstWhiteIsZero) {
  EXPECT_EQ(scores_of(flat_image(0), flat_image(255)).at("psnr.rgb"), 0.0);
}

TEST(Psnr, OfOneLevelEverywhereIsThatOfAnErrorOfOne) {
  EXPECT_NEAR(scores_of(flat_image(7), flat_image(8)).at("psnr.rgb"), 20 * std::log10(255.0),
              1e-12);
}

TEST(Psnr, KeepsChannelsApart) {
  cv::Mat red = flat_image(10);
  for (int y = 0; y < red.rows; ++y)
    for (int x = 0; x < red.cols; ++x) red.at<cv::Vec3b>(y, x)[0] = 20;
  const auto scores = scores_of(red, flat_image(10));
  EXPECT_NEAR(scores.at("psnr.r"), 20 * std::log10(25.5), 1e-12);
  EXPECT_TRUE(std::isinf(scores.at("psnr.g")));
  EXPECT_NEAR(scores.at("psnr.luma"), 20 * std::log10(255 / 2.99), 1e-12);
}

TEST(Difference, CountsLevels) {
  cv::Mat one = flat_image(100);
  one.at<cv::Vec3b>(0, 0)[2] = 40;
  const auto scores = scores_of(one, flat_image(100));
  EXPECT_EQ(scores.at("difference.max_abs"), 60);
  EXPECT_DOUBLE_EQ(scores.at("difference.mean_abs"), 60.0 / (64 * 48 * 3));
}

// A float32 implementation loses up to 2e-4 on such a pair.
TEST(Ssim, SeesOnePixelOffByOneInAFlatPicture) {
  cv::Mat one = flat_image(128);
  one.at<cv::Vec3b>(24, 32) = {129, 129, 129};
  const double ssim = scores_of(one, flat_image(128)).at("ssim.gaussian");
  EXPECT_LT(ssim, 1.0);
  EXPECT_GT(ssim, 1 - 1e-3);
}

// richzhang/PerceptualSimilarity issue 120 gives 0.722 and 0.138; the digits are the lpips
// package's.
TEST(Lpips, HasThePublishedValues) {
  EXPECT_NEAR(scores_of(picture("ex_p0.png"), picture("ex_ref.png")).at("lpips.alex"), 0.72188,
              2e-5);
  EXPECT_NEAR(scores_of(picture("ex_p1.png"), picture("ex_ref.png")).at("lpips.alex"), 0.13757,
              2e-5);
}

TEST(Lpips, SaysWhyItIsUnavailableAndRefusesOtherWeights) {
  const std::string folder = ::testing::TempDir() + "no-weights";
  std::filesystem::remove_all(folder);
  EXPECT_NE(all_metrics(folder).back()->unavailable(), "");
  write_file(folder + "/lpips/alex-v0.1.safetensors", "something else");
  EXPECT_THROW(all_metrics(folder).back()->score(flat_image(1), flat_image(1)), UserError);
}

TEST(SelfTest, PassesAndNoticesAWrongMetric) {
  auto metrics = all_metrics(kWeights);
  EXPECT_NO_THROW(self_test(metrics));
  struct Wrapping final : Metric {  // squares in 8 bits, as some published evaluators do
    std::vector<Quantity> quantities() const override {
      return {{"psnr.rgb", "dB", Better::kHigher, INFINITY}};
    }
    std::string definition() const override { return "wraps"; }
    Scores score(const cv::Mat& a, const cv::Mat& b) const override {
      double sum = 0;
      for (std::size_t i = 0; i < 3 * a.total(); ++i) {
        const auto difference = static_cast<std::uint8_t>(a.data[i] - b.data[i]);
        sum += static_cast<std::uint8_t>(difference * difference);
      }
      return {
          {sum == 0 ? INFINITY
                    : 10 * std::log10(255.0 * 255.0 * 3.0 * static_cast<double>(a.total()) / sum)},
          {}};
    }
  };
  metrics.front() = std::make_unique<Wrapping>();
  EXPECT_THROW(self_test(metrics), std::runtime_error);
}

TEST(RelativeL2, MixesPrecisions) {
  const std::uint16_t half[] = {0x3C00, 0x4000};  // 1, 2
  const float single[] = {1.0f, 1.0f};
  const TensorView a{DType::kF16, {2}, std::as_bytes(std::span(half))},
      b{DType::kF32, {2}, std::as_bytes(std::span(single))};
  EXPECT_DOUBLE_EQ(relative_l2(a, b), std::sqrt(0.5));
  EXPECT_EQ(relative_l2(b, b), 0);
}

}  // namespace
}  // namespace sameseed
