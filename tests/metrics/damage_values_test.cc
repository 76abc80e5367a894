// What the rules for kinds of damage are made of, on pictures where the answer is known.
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "metrics/all_metrics.h"
#include "metrics/displacement.h"
#include "metrics/images.h"
#include "metrics/self_test.h"
#include "tests/metrics/pictures.h"

namespace sameseed {
namespace {

// A part of a photograph, with what moves in from beside it.
cv::Mat window(int x, int y, int width = 200, int height = 180) {
  static const cv::Mat whole =
      picture_of(std::string(SAMESEED_SOURCE_DIR) + "/tests/goldens/photographs/coffee.png");
  return whole(cv::Rect(60 + x, 30 + y, width, height)).clone();
}

double value_of(const Metric& metric, const std::string& name, const cv::Mat& candidate,
                const cv::Mat& reference) {
  const auto quantities = metric.quantities();
  const Scores scores = metric.score(candidate, reference);
  for (std::size_t i = 0; i < quantities.size(); ++i)
    if (quantities[i].name == name) return scores.values.at(i);
  throw std::runtime_error("no such value: " + name);
}

TEST(WholeShift, IsFoundBeyondThreePixelsAndByPartsOfOne) {
  const cv::Mat reference = window(0, 0);
  for (const auto& [x, y] : {std::pair{1, 0}, {-3, 2}, {17, -9}, {-25, 20}}) {
    const WholeShift shift = whole_shift(luma_of(window(-x, -y)), luma_of(reference));
    EXPECT_NEAR(shift.x, x, 0.02);
    EXPECT_NEAR(shift.y, y, 0.02);
    EXPECT_GT(shift.share, 0.99);
  }
  cv::Mat moved;
  cv::warpAffine(reference, moved, cv::Matx23d(1, 0, 0.5, 0, 1, -0.25), reference.size(),
                 cv::INTER_CUBIC, cv::BORDER_REFLECT);
  const WholeShift shift = whole_shift(luma_of(moved), luma_of(reference));
  EXPECT_NEAR(shift.x, 0.5, 0.05);
  EXPECT_NEAR(shift.y, -0.25, 0.05);
  EXPECT_GT(shift.share, 0.9);
}

TEST(WholeShift, IsFoundInALighterPictureAndNotInAnother) {
  cv::Mat lighter;
  window(-5, 3).convertTo(lighter, CV_8U, 0.9, 20);
  EXPECT_NEAR(whole_shift(luma_of(lighter), luma_of(window(0, 0))).x, 5, 0.1);
  EXPECT_LT(whole_shift(luma_of(noise_image(1)), luma_of(noise_image(2))).share, 0.2);
}

TEST(Warp, ExplainsATurnAndNoBlur) {
  const cv::Mat reference = window(0, 0);
  cv::Mat turned, blurred;
  cv::warpAffine(reference, turned, cv::getRotationMatrix2D({100, 90}, 1.5, 1), reference.size(),
                 cv::INTER_CUBIC, cv::BORDER_REFLECT);
  cv::GaussianBlur(reference, blurred, {}, 2);
  const Warp warp = warp_between(luma_of(turned), luma_of(reference));
  EXPECT_GT(warp.share, 0.7);
  // At 1.5 degrees a place 70 pixels from the middle moves by 1.8.
  EXPECT_NEAR(warp.pixels, 1.8, 0.8);
  EXPECT_LT(warp_between(luma_of(blurred), luma_of(reference)).share, 0.5);
}

TEST(Bands, OfLessContrastKeepAllInItsPlace) {
  cv::Mat half;
  window(0, 0).convertTo(half, CV_8U, 0.5, 60);
  const auto detail = make_detail();
  for (const char* name : {"bands.gain_low", "bands.gain_mid", "bands.gain_high"})
    EXPECT_NEAR(value_of(*detail, name, half, window(0, 0)), 0.5, 0.01) << name;
  EXPECT_NEAR(value_of(*detail, "bands.coherence_high", half, window(0, 0)), 1, 0.02);
  EXPECT_NEAR(
      value_of(*detail, "bands.coherence_low", cv::Scalar::all(255) - window(0, 0), window(0, 0)),
      -1, 1e-9);
}

TEST(Blocks, FindPixelsOfAnySideWhereverTheyBegin) {
  const auto blocks = make_blocks();
  for (const int side : {2, 5, 16}) {
    cv::Mat small, large;
    const cv::Mat wide = window(0, 0, 208, 192);
    cv::resize(wide, small, {wide.cols / side, wide.rows / side}, 0, 0, cv::INTER_AREA);
    cv::resize(small, large, {small.cols * side, small.rows * side}, 0, 0, cv::INTER_NEAREST);
    const cv::Rect part(3, 1, 180, 170);
    EXPECT_EQ(value_of(*blocks, "blocks.pixel_side", large(part).clone(), wide(part).clone()),
              side);
    EXPECT_GT(value_of(*blocks, "blocks.pixel_share", large(part).clone(), wide(part).clone()),
              0.9);
  }
  EXPECT_LT(value_of(*blocks, "blocks.pixel_share", window(5, 0), window(0, 0)), 0.3);
}

TEST(Blocks, AndMarksAreAbsentFromSmallPictures) {
  const auto absent = [](const Metric& metric, int width, int height) {
    return score_or_absent(metric, flat_image(1, width, height), flat_image(2, width, height))
        .absent.at(metric.quantities()[0].name);
  };
  EXPECT_EQ(absent(*make_blocks(), 31, 40), "too small: 32 pixels a side are needed");
  EXPECT_EQ(absent(*make_marks(), 63, 90), "too small: 64 pixels a side are needed");
}

TEST(Marks, FindTheSeamAndItsStep) {
  const cv::Mat reference = window(0, 0);
  cv::Mat candidate = reference.clone(), below = candidate(cv::Rect(0, 100, 200, 80));
  below -= cv::Scalar::all(6);
  const auto marks = make_marks();
  const Scores scores = marks->score(candidate, reference);
  EXPECT_GT(value_of(*marks, "marks.seam_ratio", candidate, reference), 9);
  EXPECT_NEAR(value_of(*marks, "marks.seam_levels", candidate, reference), 6, 1.5);
  const Place& line = scores.places.at("marks.seam_ratio");
  EXPECT_NEAR(line.y + 2, 100, 1);
  EXPECT_EQ(line.width, 200);
}

}  // namespace
}  // namespace sameseed
