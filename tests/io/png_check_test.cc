#include "io/png_check.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "io/error.h"
#include "io/files.h"
#include "io/png.h"

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

// A PNG with sound checksums around these compressed pixels.
std::string png_of(const std::string& pixels) {
  const auto number = [](std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
    return bytes;
  };
  const auto chunk = [&](const std::string& type, const std::string& data) {
    const std::string typed = type + data;
    const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(typed.data()), typed.size());
    return number(static_cast<std::uint32_t>(data.size())) + typed +
           number(static_cast<std::uint32_t>(sum));
  };
  return std::string("\x89PNG\r\n\x1a\n") +
         chunk("IHDR", number(8) + number(4) + std::string("\x08\x02\0\0\0", 5)) +
         chunk("IDAT", pixels) + chunk("IEND", "");
}

std::string packed(const std::string& bytes) {
  std::string result(::compressBound(bytes.size()), '\0');
  uLongf size = result.size();
  ::compress(reinterpret_cast<Bytef*>(result.data()), &size,
             reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return result.substr(0, size);
}

TEST(CheckPng, UnpacksThePixels) {
  const std::string pixels(4 * (1 + 3 * 8), '\0'), whole = packed(pixels);
  EXPECT_EQ(refusal_of(png_of(whole)), "taken");
  EXPECT_NE(
      refusal_of(png_of("")).find("holds no whole picture: 0 bytes of pixels, 100 are needed"),
      std::string::npos);
  EXPECT_NE(refusal_of(png_of("nonsense")).find("cannot be unpacked"), std::string::npos);
  EXPECT_NE(refusal_of(png_of(whole.substr(0, whole.size() / 2))).find("holds no whole picture"),
            std::string::npos);
  EXPECT_NE(refusal_of(png_of(packed(pixels + "x"))).find("101 bytes of pixels"),
            std::string::npos);
  // A bomb ends as soon as it is known to be one.
  EXPECT_NE(refusal_of(png_of(packed(std::string(100'000'000, '\0')))).find("cannot be unpacked"),
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

}  // namespace
}  // namespace sameseed
