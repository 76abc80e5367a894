#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <opencv2/imgproc.hpp>

#include "io/error.h"
#include "io/files.h"
#include "metrics/all_metrics.h"
#include "metrics/images.h"
#include "metrics/self_test.h"
#include "metrics/tensors.h"
#include "tests/metrics/pictures.h"

namespace sameseed {
namespace {

TEST(AllMetrics, GiveTheirIdenticalValue) {
  cv::Mat large, smooth;
  cv::resize(wave_image(0), large, {197, 163}, 0, 0, cv::INTER_CUBIC);
  cv::GaussianBlur(large, smooth, {}, 3);
  for (const cv::Mat& image : {noise_image(1), flat_image(0), flat_image(255), large, smooth})
    for (const auto& metric : all_metrics(kWeights)) {
      const Scores scores = score_or_absent(*metric, image, image);
      ASSERT_EQ(scores.values.size(), metric->quantities().size());
      for (std::size_t i = 0; i < scores.values.size(); ++i)
        if (!scores.absent.contains(metric->quantities()[i].name)) {
          EXPECT_EQ(scores.values[i], metric->quantities()[i].identical)
              << metric->quantities()[i].name;
        }
    }
}

TEST(AllMetrics, RefuseDifferentSizes) {
  for (const auto& metric : all_metrics(kWeights))
    EXPECT_THROW(metric->score(flat_image(0, 64, 48), flat_image(0, 48, 64)), UserError);
}

// Pixels a side that a quantity needs; 1 where it is not named here.
int least_side(const std::string& quantity) {
  const std::pair<std::string, int> kSides[] = {
      {"ssim.gaussian", 11}, {"ssim.luma", 11}, {"ssim.uniform7", 7}, {"ms_ssim", 161},
      {"gmsd", 8},           {"blocks.", 32},   {"marks.", 64},       {"bands.", 8},
      {"detail.", 8},        {"local.", 11},    {"pattern.", 16},     {"lpips.", 31}};
  for (const auto& [start, side] : kSides)
    if (quantity.starts_with(start)) return side;
  return 1;
}

// Each has a value from its own least side on, and below says what it needs; no other is taken away
// by it. Also where only one side is short.
TEST(AllMetrics, NeedNoMorePixelsThanTheySay) {
  const cv::Mat all = noise_image(1), other = noise_image(2);
  const auto expect_values = [&](int width, int height) {
    const cv::Rect part(0, 0, width, height);
    const cv::Mat a = all(part).clone(), b = other(part).clone();
    for (const auto& metric : all_metrics(kWeights)) {
      Scores scores = score_or_absent(*metric, a, b);
      ASSERT_EQ(scores.values.size(), metric->quantities().size());
      for (std::size_t i = 0; i < scores.values.size(); ++i) {
        const std::string name = metric->quantities()[i].name;
        const int least = least_side(name);
        const bool fits = std::min(width, height) >= least;
        EXPECT_EQ(scores.absent.contains(name), !fits) << name << " " << width << "x" << height;
        if (fits) {
          EXPECT_TRUE(std::isfinite(scores.values[i])) << name << " " << width << "x" << height;
        } else {
          EXPECT_EQ(scores.absent[name],
                    "too small: " + std::to_string(least) + " pixels a side are needed");
        }
      }
    }
  };
  for (const int least : {2, 7, 8, 11, 16, 31, 32, 64})
    for (const int side : {least - 1, least}) {
      expect_values(side, side);
      expect_values(side, 40);
      expect_values(40, side);
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

TEST(MsSsim, SaysThatAPictureIsTooSmall) {
  const auto metric = make_ms_ssim();
  const Scores small = score_or_absent(*metric, flat_image(1, 400, 160), flat_image(1, 400, 160));
  EXPECT_EQ(small.absent.at("ms_ssim"), "too small: 161 pixels a side are needed");
  EXPECT_THROW(metric->score(flat_image(1, 400, 160), flat_image(1, 400, 160)), TooSmall);
  EXPECT_EQ(metric->score(flat_image(1, 161, 161), flat_image(1, 161, 161)).values.at(0), 1);
}

TEST(Detail, OfASwappedPairIsTheInverse) {
  cv::Mat soft;
  cv::GaussianBlur(noise_image(1), soft, {}, 0.6);
  const auto there = scores_of(soft, noise_image(1)), back = scores_of(noise_image(1), soft);
  for (const char* name : {"detail.high_frequency_ratio", "detail.laplacian_ratio"}) {
    EXPECT_LT(there.at(name), 0.5);
    EXPECT_NEAR(there.at(name) * back.at(name), 1, 1e-12);
  }
}

// Blur here and noise there cancel in the ratio over the picture, and not in its percentiles.
TEST(Detail, ShowsBlurHereAndNoiseThere) {
  cv::Mat reference(128, 128, CV_8UC3), candidate;
  cv::RNG(5).fill(reference, cv::RNG::UNIFORM, 100, 156);
  candidate = reference.clone();
  cv::Mat left = candidate(cv::Rect(0, 0, 64, 128)), right = candidate(cv::Rect(64, 0, 64, 128));
  cv::GaussianBlur(left.clone(), left, {}, 1);
  right.clone().convertTo(right, CV_8U, 2, -128);
  const auto scores = scores_of(candidate, reference);
  EXPECT_LT(scores.at("detail.high_frequency_ratio_p5"), 0.3);
  EXPECT_GT(scores.at("detail.high_frequency_ratio_p95"), 3);
}

TEST(Local, FindsTheBrokenTile) {
  cv::Mat broken = noise_image(1).clone(), reference = noise_image(1);
  cv::Mat(broken, cv::Rect(32, 0, 32, 32)).setTo(cv::Scalar(0, 200, 0));
  const Scores scores = make_local()->score(broken, reference);
  EXPECT_DOUBLE_EQ(scores.values.at(1), 4);  // of four tiles one holds all the error
  const Place& place = scores.places.at("local.mse_tile_ratio");
  EXPECT_EQ(place.x, 32);
  EXPECT_EQ(place.y, 0);
}

TEST(Flip, ItsMapHasItsMeanAndItsPlace) {
  cv::Mat dotted = flat_image(90);
  cv::Mat(dotted, cv::Rect(40, 20, 3, 3)).setTo(cv::Scalar(255, 0, 0));
  const Scores scores = make_flip()->score(dotted, flat_image(90));
  EXPECT_EQ(scores.map.size(), dotted.size());
  EXPECT_NEAR(cv::mean(scores.map)[0], scores.values.at(0), 1e-7);
  EXPECT_NEAR(scores.places.at("flip.max").x, 41, 2);
  EXPECT_NEAR(scores.places.at("flip.max").y, 21, 2);
}

// richzhang/PerceptualSimilarity issue 120 gives 0.722 and 0.138; the digits are the lpips
// package's.
TEST(Lpips, HasThePublishedValues) {
  EXPECT_NEAR(scores_of(picture_of(kWeights + "/lpips/ex_p0.png"),
                        picture_of(kWeights + "/lpips/ex_ref.png"))
                  .at("lpips.alex"),
              0.72188, 2e-5);
  EXPECT_NEAR(scores_of(picture_of(kWeights + "/lpips/ex_p1.png"),
                        picture_of(kWeights + "/lpips/ex_ref.png"))
                  .at("lpips.alex"),
              0.13757, 2e-5);
}

TEST(Lpips, SaysWhyItIsUnavailableAndRefusesOtherWeights) {
  const std::string folder = ::testing::TempDir() + "no-weights";
  std::filesystem::remove_all(folder);
  EXPECT_NE(all_metrics(folder).back()->unavailable(), "");
  write_file(folder + "/lpips/alex-v0.1.safetensors", "something else");
  EXPECT_THROW(all_metrics(folder).back()->score(flat_image(1), flat_image(1)), UserError);
}

// Runs that another one scored are not compared with ours.
TEST(Lpips, SaysWhichLibraryComputesIt) {
  const std::string library = all_metrics(kWeights).back()->library();
  EXPECT_TRUE(library.starts_with("LibTorch ") && library.find('.') != std::string::npos)
      << library;
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
