#include "io/png_check.h"

#include <gtest/gtest.h>

#include "io/error.h"
#include "io/files.h"
#include "io/png.h"
#include "tests/io/made_notes.h"

namespace sameseed {
namespace {

const std::string kFile = ::testing::TempDir() + "sameseed-check.png";

std::string refusal_of(const std::string& bytes, int width = 8, int height = 4) {
  write_file(kFile, bytes);
  try {
    check_png(kFile, width, height);
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

TEST(CheckPng, TakesAWholePictureAndNothingLess) {
  write_png(kFile, {8, 4, std::vector<std::uint8_t>(8 * 4 * 3, 77)});
  const std::string whole = read_file(kFile);
  EXPECT_EQ(refusal_of(whole), "taken");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(refusal_of(whole.substr(0, size)), "taken") << size;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_NE(refusal_of(damaged), "taken") << at;
  }
}

// With sound checksums around these compressed pixels.
std::string png_of(const std::string& pixels) {
  MadePng png;
  png.packed = pixels;
  return png.bytes();
}

TEST(CheckPng, UnpacksThePixels) {
  const std::string pixels(4 * (1 + 3 * 8), '\0'), whole = zlib_packed(pixels);
  EXPECT_EQ(refusal_of(png_of(whole)), "taken");
  EXPECT_NE(
      refusal_of(png_of("")).find("holds no whole picture: 0 bytes of pixels, 100 are needed"),
      std::string::npos);
  EXPECT_NE(refusal_of(png_of("nonsense")).find("cannot be unpacked"), std::string::npos);
  EXPECT_NE(refusal_of(png_of(whole.substr(0, whole.size() / 2))).find("holds no whole picture"),
            std::string::npos);
  EXPECT_NE(refusal_of(png_of(zlib_packed(pixels + "x"))).find("101 bytes of pixels"),
            std::string::npos);
  // A bomb ends as soon as it is known to be one.
  EXPECT_NE(
      refusal_of(png_of(zlib_packed(std::string(100'000'000, '\0')))).find("cannot be unpacked"),
      std::string::npos);
}

TEST(CheckPng, SaysWhatIsWrong) {
  write_png(kFile, {8, 4, std::vector<std::uint8_t>(8 * 4 * 3, 77)});
  const std::string whole = read_file(kFile);
  EXPECT_NE(refusal_of(whole.substr(0, 40)).find("cut short at 40 bytes"), std::string::npos);
  EXPECT_NE(refusal_of(whole, 4, 8).find("is 8x4 pixels, 4x8 were asked for"), std::string::npos);
  EXPECT_NE(refusal_of("").find("empty"), std::string::npos);
  EXPECT_NE(refusal_of("GIF89a").find("not a PNG"), std::string::npos);
}

// An engine's picture is the picture: nothing in it may say that others are to be shown.
TEST(CheckPng, RefusesWhatIsToBeShownOtherwise) {
  const auto refusal_with = [](const std::string& chunk) {
    MadePng png;
    png.before = chunk;
    return refusal_of(png.fill().bytes());
  };
  EXPECT_EQ(refusal_with(png_chunk("tEXt", std::string("prompt\0{}", 9))), "taken");
  EXPECT_NE(refusal_with(png_chunk("eXIf", turned_exif(true, 6))).find("EXIF orientation 6"),
            std::string::npos);
  EXPECT_NE(refusal_with(png_chunk("gAMA", big_endian_bytes(100000))).find("gAMA"),
            std::string::npos);
  EXPECT_NE(refusal_with(png_chunk("tRNS", std::string(6, '\1'))).find("is not 8-bit RGB"),
            std::string::npos);
  for (const int color_type : {0, 4, 6}) {
    MadePng png{.color_type = color_type};
    EXPECT_NE(refusal_of(png.fill(255).bytes()).find("is not 8-bit RGB"), std::string::npos);
  }
  MadePng deep{.depth = 16};
  EXPECT_NE(refusal_of(deep.fill().bytes()).find("is not 8-bit RGB"), std::string::npos);
}

}  // namespace
}  // namespace sameseed
