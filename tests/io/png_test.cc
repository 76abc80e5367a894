#include "io/png.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

TEST(Png, KeepsEveryPixelAndTheOrderOfColours) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "sameseed.png";
  const Image image{2, 1, {255, 0, 7, 1, 2, 3}};
  write_png(path, image);
  const Image read = read_png(path);
  EXPECT_EQ(read.width, 2);
  EXPECT_EQ(read.height, 1);
  EXPECT_EQ(read.rgb, image.rgb);
}

TEST(Png, RefusesWhatIsNoPicture) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "sameseed-bad.png";
  write_file(path, "not a picture");
  EXPECT_THROW(read_png(path), UserError);
  write_file(path, "");
  EXPECT_THROW(read_png(path), UserError);
}

}  // namespace
}  // namespace sameseed
