#include <gtest/gtest.h>

#include <cmath>

#include "io/error.h"
#include "io/picture.h"
#include "tests/io/made_jpeg.h"
#include "tests/io/made_notes.h"

namespace sameseed {
namespace {

std::string objection(const std::string& file) {
  try {
    decode_picture(file, "it");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

void expect_objection(const std::string& file, const std::string& words) {
  const std::string text = objection(file);
  EXPECT_TRUE(text.starts_with("it: ")) << text;
  EXPECT_NE(text.find(words), std::string::npos) << text << "\nwanted: " << words;
}

std::string with_marker(int number, const std::string& content) {
  return MadeJpeg{.markers = {{number, content}}}.bytes();
}

const std::string kExifStart("Exif\0\0", 6), kXmpStart("http://ns.adobe.com/xap/1.0/\0", 29);

std::string icc_part(int number, int count, const std::string& part) {
  std::string content("ICC_PROFILE\0", 12);
  content += {static_cast<char>(number), static_cast<char>(count)};
  return content + part;
}

TEST(Jpeg, GivesThePixelsAndItsQuality) {
  for (const bool progressive : {false, true})
    for (const J_COLOR_SPACE stored : {JCS_YCbCr, JCS_RGB}) {
      const MadeJpeg jpeg{.quality = 95, .stored = stored, .progressive = progressive};
      const Picture picture = decode_picture(jpeg.bytes(), "it");
      ASSERT_EQ(picture.image.width, 24);
      ASSERT_EQ(picture.image.height, 16);
      const auto wanted = jpeg.pixels();
      ASSERT_EQ(picture.image.rgb.size(), wanted.size());
      for (std::size_t i = 0; i < wanted.size(); ++i)
        EXPECT_NEAR(picture.image.rgb[i], wanted[i], 6) << i;
    }
  const MadeJpeg grey{.channels = 1};
  const Image image = decode_picture(grey.bytes(), "it").image;
  ASSERT_EQ(image.rgb.size(), 3 * grey.pixels().size());
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    EXPECT_EQ(image.rgb[i], image.rgb[i + 1]);
    EXPECT_EQ(image.rgb[i], image.rgb[i + 2]);
    EXPECT_NEAR(image.rgb[i], grey.pixels()[i / 3], 4);
  }
  for (const int quality : {1, 5, 30, 50, 75, 90, 100}) {
    const Picture picture = decode_picture(MadeJpeg{.quality = quality}.bytes(), "it");
    EXPECT_EQ(picture.jpeg_quality, quality);
    EXPECT_EQ(kind_of(picture), "a JPEG of quality " + std::to_string(quality) + " or so");
  }
}

// Decoders fill what is missing with grey and go on.
TEST(Jpeg, SaysThatItIsCutShort) {
  for (const bool progressive : {false, true}) {
    const std::string whole = MadeJpeg{.progressive = progressive}.bytes();
    for (std::size_t size = 2; size < whole.size(); ++size)
      expect_objection(whole.substr(0, size), "cut short at " + std::to_string(size) + " bytes");
    EXPECT_EQ(objection(whole + std::string(1000, 'x')), "");
    // Cut, and ended properly by whoever cut it.
    for (std::size_t size = whole.find("\xff\xda"); size < whole.size() - 4; ++size)
      EXPECT_NE(objection(whole.substr(0, size) + "\xff\xd9"), "") << size;
  }
}

TEST(Jpeg, MissesTheScansThatAProgressivePictureHasNot) {
  const std::string whole = MadeJpeg{.progressive = true}.bytes();
  std::size_t scans = 0;
  for (std::size_t at = whole.find("\xff\xda"); at != std::string::npos;
       at = whole.find("\xff\xda", at + 2)) {
    if (scans++ == 0) continue;                              // before it there is nothing
    const std::size_t tables = whole.rfind("\xff\xc4", at);  // of this scan
    expect_objection(whole.substr(0, tables) + "\xff\xd9", "cut short");
  }
  EXPECT_GT(scans, 5u);
}

TEST(Jpeg, RefusesDamage) {
  std::string file = MadeJpeg{.width = 160, .height = 160}.bytes();
  file.insert(file.find("\xff\xda") + 200, "\xff\xc4");
  EXPECT_NE(objection(file), "");
  std::string hollow = MadeJpeg{.width = 160, .height = 160}.bytes();
  hollow.replace(hollow.find("\xff\xda") + 200, 200, std::string(200, '\0'));
  expect_objection(hollow, "cut short, or damaged in the middle");
  expect_objection(MadeJpeg{.channels = 4, .stored = JCS_CMYK}.bytes(),
                   "is a CMYK picture; convert it");
  expect_objection(MadeJpeg{.channels = 4, .stored = JCS_YCCK}.bytes(),
                   "is a CMYK picture; convert it");
  expect_objection("\xff\xd8\xff\xd9", "no JPEG of the usual kind");
  expect_objection("\xff\xd8\xff\xf7 and so on", "is a JPEG-LS");
}

TEST(Jpeg, IsRefusedWhereItIsToBeShownTurned) {
  for (const bool little : {false, true})
    for (std::uint32_t orientation = 1; orientation <= 8; ++orientation) {
      const std::string text =
          objection(with_marker(1, kExifStart + turned_exif(little, orientation)));
      EXPECT_EQ(text.empty(), orientation == 1) << text;
      if (orientation > 1) {
        EXPECT_NE(text.find("orientation " + std::to_string(orientation) + "); turn"),
                  std::string::npos)
            << text;
      }
    }
  expect_objection(with_marker(1, kXmpStart + attribute_xmp("tiff:Orientation=\"8\"")),
                   "XMP orientation 8");
  // Behind another note, and behind the pixels' first scan.
  MadeJpeg two{.markers = {{1, kXmpStart + attribute_xmp("a=\"b\"")},
                           {1, kExifStart + turned_exif(true, 3)}}};
  expect_objection(two.bytes(), "EXIF orientation 3");
  const std::string content = kExifStart + turned_exif(true, 3);
  const std::string marker =
      "\xff\xe1" + big_endian_bytes(static_cast<std::uint32_t>(content.size() + 2), 2) + content;
  for (const bool progressive : {false, true}) {
    std::string last = MadeJpeg{.progressive = progressive}.bytes();
    last.insert(last.size() - 2, marker);  // in front of the end
    expect_objection(last, "EXIF orientation 3");
  }
  std::string late = MadeJpeg{.progressive = true}.bytes();
  late.insert(late.rfind("\xff\xc4"), marker);
  expect_objection(late, "EXIF orientation 3");
}

TEST(Jpeg, IsRefusedWhereItsColoursAreNotThoseOfSrgb) {
  const std::string srgb = made_profile("sRGB", kColumnsOfSrgb, table_of_srgb(1024)),
                    p3 = made_profile("Display P3", kColumnsOfP3, parameters_of_srgb());
  EXPECT_EQ(objection(with_marker(2, icc_part(1, 1, srgb))), "");
  expect_objection(with_marker(2, icc_part(1, 1, p3)), "colour profile \"Display P3\"");
  const std::string first = icc_part(1, 2, srgb.substr(0, 900)),
                    second = icc_part(2, 2, srgb.substr(900));
  EXPECT_EQ(objection(MadeJpeg{.markers = {{2, second}, {2, first}}}.bytes()), "");
  expect_objection(with_marker(2, second), "a part is missing");
  const auto exif = [](const std::vector<TiffEntry>& details) {
    return kExifStart + made_exif(true, {}, details);
  };
  EXPECT_EQ(objection(with_marker(1, exif({{0xA001, 3, 1}}))), "");
  expect_objection(with_marker(1, exif({{0xA001, 3, 2}})), "Adobe RGB");
  expect_objection(with_marker(1, exif({{0xA001, 3, 0xffff}})), "uncalibrated");
  EXPECT_EQ(
      objection(MadeJpeg{.markers = {{1, exif({{0xA001, 3, 0xffff}})}, {2, icc_part(1, 1, srgb)}}}
                    .bytes()),
      "");
  expect_objection(with_marker(1, kXmpStart + attribute_xmp("hdrgm:Version=\"1.0\"")), "gain map");
  expect_objection(with_marker(2, std::string("urn:iso:std:iso:ts:21496:-1\0", 28)), "gain map");
  expect_objection(
      with_marker(1, kXmpStart + attribute_xmp("photoshop:ICCProfile=\"Adobe RGB (1998)\"")),
      "XMP names one");
}

TEST(Jpeg, RefusesBombsBeforeTheyGoOff) {
  std::string claims = MadeJpeg{}.bytes();
  claims.replace(claims.find("\xff\xc0") + 5, 4, "\xff\xdc\xff\xdc");
  expect_objection(claims, "claims to be 65500x65500 pixels");
  // Each coefficient in a scan of its own, and once more for its last bit.
  std::vector<jpeg_scan_info> scans = {{1, {0}, 0, 0, 0, 0}};
  for (const int low : {1, 0})
    for (int k = 1; k < 64; ++k) scans.push_back({1, {0}, k, k, low == 1 ? 0 : 1, low});
  const MadeJpeg many{.channels = 1, .scans = scans};
  expect_objection(many.bytes(), "has more than 100 scans; save it anew");
  const MadeJpeg some{.channels = 1, .scans = {{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}}};
  EXPECT_EQ(objection(some.bytes()), "");
}

}  // namespace
}  // namespace sameseed
