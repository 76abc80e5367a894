#include "io/png_check.h"

#include <gtest/gtest.h>

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
