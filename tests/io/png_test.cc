#include "io/png.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <utility>

#include "io/error.h"
#include "io/files.h"
#include "io/picture.h"
#include "io/png_check.h"

namespace sameseed {
namespace {

TEST(Png, KeepsEveryPixelAndTheOrderOfColours) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "sameseed.png";
  const Image image{2, 1, {255, 0, 7, 1, 2, 3}};
  write_png(path, image);
  const Image read = read_picture(path).image;
  EXPECT_EQ(read.width, 2);
  EXPECT_EQ(read.height, 1);
  EXPECT_EQ(read.rgb, image.rgb);
}

// Of one band and several, and of rows that do not fill the last.
TEST(Png, KeepsPicturesOfAnySize) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "sameseed-size.png";
  std::mt19937 random(1);
  for (const auto& [width, height] : {std::pair{1, 1}, {3, 63}, {5, 64}, {7, 65}, {300, 1000}}) {
    Image image{width, height, {}};
    for (int i = 0; i < 3 * width * height; ++i)
      image.rgb.push_back(static_cast<std::uint8_t>(i % 7 == 0 ? random() : 200));
    write_png(path, image);
    EXPECT_NO_THROW(check_png(path, width, height));
    const Image read = read_picture(path).image;
    EXPECT_EQ(read.width, width);
    EXPECT_EQ(read.height, height);
    EXPECT_EQ(read.rgb, image.rgb);
  }
}

TEST(Png, RefusesAPictureWithoutPixels) {
  EXPECT_THROW(write_png(::testing::TempDir() + "sameseed-none.png", {0, 0, {}}), UserError);
}

TEST(Png, RefusesWhatIsNoPicture) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "sameseed-bad.png";
  write_file(path, "not a picture");
  EXPECT_THROW(read_picture(path), UserError);
  write_file(path, "");
  EXPECT_THROW(read_picture(path), UserError);
}

}  // namespace
}  // namespace sameseed
