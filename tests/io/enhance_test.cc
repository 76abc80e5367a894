#include "io/enhance.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

// Grey columns of these levels, 16 rows.
Image columns(const std::vector<std::uint8_t>& levels) {
  Image image{static_cast<int>(levels.size()), 16, {}};
  for (int y = 0; y < image.height; ++y)
    for (const std::uint8_t level : levels) image.rgb.insert(image.rgb.end(), 3, level);
  return image;
}

std::uint8_t at(const Image& image, std::size_t x) {
  return image.rgb.at((8 * static_cast<std::size_t>(image.width) + x) * 3);
}

TEST(Enhance, OfContrastMovesLevelsAwayFromMidGreyByATenth) {
  const Image got = enhanced(columns({0, 50, 127, 128, 200, 255}), "contrast");
  EXPECT_EQ(at(got, 0), 0);    // -12.75
  EXPECT_EQ(at(got, 1), 42);   // 42.25
  EXPECT_EQ(at(got, 2), 127);  // 126.95
  EXPECT_EQ(at(got, 3), 128);  // 128.05
  EXPECT_EQ(at(got, 4), 207);  // 207.25
  EXPECT_EQ(at(got, 5), 255);  // 267.75
}

TEST(Enhance, OfAnUnsharpMaskOvershootsAtEdgesAndLeavesFlatPlaces) {
  const std::vector<std::uint8_t> edge = {100, 100, 100, 100, 100, 100, 100, 100,
                                          200, 200, 200, 200, 200, 200, 200, 200};
  const Image got = enhanced(columns(edge), "unsharp");
  EXPECT_EQ(at(got, 2), 100);
  EXPECT_EQ(at(got, 13), 200);
  // The Gaussian takes 0.3005 of the step of 100 away beside it, and half of that is added. Its
  // taps are 8-bit fixed-point numbers.
  EXPECT_NEAR(at(got, 8), 215, 1);
  EXPECT_NEAR(at(got, 7), 85, 1);
}

TEST(Enhance, TreatsEachColourByItself) {
  const Image got = enhanced({1, 1, {50, 128, 200}}, "contrast");
  EXPECT_EQ(got.rgb, (std::vector<std::uint8_t>{42, 128, 207}));
}

// A dark picture above a light one: an unsharp mask over both would overshoot at the seam.
TEST(Enhance, OfABatchKeepsItsPicturesApart) {
  Image batch{4, 16, {}};
  batch.rgb.resize(4 * 8 * 3, 100);
  batch.rgb.resize(4 * 16 * 3, 200);
  EXPECT_NE(enhanced(batch, "unsharp", 1).rgb, batch.rgb);
  EXPECT_EQ(enhanced(batch, "unsharp", 2).rgb, batch.rgb);
}

}  // namespace
}  // namespace sameseed
