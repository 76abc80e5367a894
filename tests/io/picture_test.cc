#include "io/picture.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <chrono>
#include <functional>

#include "io/error.h"
#include "io/files.h"
#include "tests/io/made_notes.h"

namespace sameseed {
namespace {

// What it says of a file that it does not take; empty where it takes it.
std::string refusal(const std::string& file) {
  try {
    decode_picture(file, "it");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

void expect_refused(const std::string& file, const std::string& words) {
  const std::string text = refusal(file);
  EXPECT_TRUE(text.starts_with("it: ")) << text;
  EXPECT_NE(text.find(words), std::string::npos) << text << "\nwanted: " << words;
}

std::vector<std::uint8_t> pixels_of(const std::string& file) {
  return decode_picture(file, "it").image.rgb;
}

std::string with_chunk(const std::string& type, const std::string& data) {
  MadePng png;
  png.before = png_chunk(type, data);
  return png.fill().bytes();
}

TEST(Picture, WidensGreyAndPalettes) {
  MadePng grey{.width = 3, .height = 1, .color_type = 0, .rows = std::string("\0\0\x80\xff", 4)};
  const std::vector<std::uint8_t> levels = {0, 0, 0, 128, 128, 128, 255, 255, 255};
  EXPECT_EQ(pixels_of(grey.bytes()), levels);
  MadePng bits{
      .width = 3, .height = 1, .depth = 1, .color_type = 0, .rows = std::string("\0\xa0", 2)};
  EXPECT_EQ(pixels_of(bits.bytes()),
            std::vector<std::uint8_t>({255, 255, 255, 0, 0, 0, 255, 255, 255}));
  MadePng nibbles{
      .width = 2, .height = 1, .depth = 4, .color_type = 0, .rows = std::string("\0\x1f", 2)};
  EXPECT_EQ(pixels_of(nibbles.bytes()), std::vector<std::uint8_t>({17, 17, 17, 255, 255, 255}));
  MadePng palette{.width = 2, .height = 1, .color_type = 3, .rows = std::string("\0\1\0", 3)};
  palette.before = png_chunk("PLTE", "\x01\x02\x03\xf0\xe0\xd0");
  EXPECT_EQ(pixels_of(palette.bytes()), std::vector<std::uint8_t>({0xf0, 0xe0, 0xd0, 1, 2, 3}));
}

// Adam7 takes of 2x2 pixels the first, then its neighbour, then the row below.
TEST(Picture, PutsInterlacedRowsInTheirPlaces) {
  const std::string pixels[] = {"abc", "def", "ghi", "jkl"}, none(1, '\0');
  MadePng plain{.width = 2, .height = 2};
  plain.rows = none + pixels[0] + pixels[1] + none + pixels[2] + pixels[3];
  MadePng png{.width = 2, .height = 2, .interlaced = true};
  png.rows = none + pixels[0] + none + pixels[1] + none + pixels[2] + pixels[3];
  EXPECT_EQ(pixels_of(png.bytes()), pixels_of(plain.bytes()));
  png.rows.pop_back();
  expect_refused(png.bytes(), "damaged: Not enough image data");
}

TEST(Picture, KeepsThePixelsOfAnOpaquePicture) {
  MadePng rgb, rgba{.color_type = 6};
  const auto wanted = pixels_of(rgb.fill().bytes());
  EXPECT_EQ(pixels_of(rgba.fill(255).bytes()), wanted);
  EXPECT_EQ(decode_picture(rgb.bytes(), "it").jpeg_quality, 0);
  MadePng grey{.color_type = 4};
  EXPECT_EQ(refusal(grey.fill(255).bytes()), "");
}

// A transparent pixel has a colour that nobody sees: of two pictures with equal colours one may be
// whatever stands behind it.
TEST(Picture, RefusesTransparency) {
  MadePng rgba{.color_type = 6}, grey{.color_type = 4};
  expect_refused(rgba.fill(0).bytes(),
                 "32 of its 32 pixels are transparent; put it on a background");
  rgba.fill(255).rows[4] = static_cast<char>(254);
  expect_refused(rgba.bytes(), "1 of its 32 pixels");
  expect_refused(grey.fill(9).bytes(), "32 of its 32");
  MadePng key;  // a colour that counts as transparent
  key.before = png_chunk("tRNS", std::string("\0\0\0\x14\0\x28", 6));
  expect_refused(key.fill().bytes(), "1 of its 32");
  key.before = png_chunk("tRNS", std::string("\0\1\0\1\0\1", 6));  // which no pixel has
  EXPECT_EQ(refusal(key.bytes()), "");
  MadePng palette{.width = 2, .height = 1, .color_type = 3, .rows = std::string("\0\1\0", 3)};
  palette.before = png_chunk("PLTE", "\x01\x02\x03\xf0\xe0\xd0") + png_chunk("tRNS", "\x80");
  expect_refused(palette.bytes(), "1 of its 2");
  MadePng level{.width = 2, .height = 1, .color_type = 0, .rows = std::string("\0\1\0", 3)};
  level.before = png_chunk("tRNS", std::string("\0\1", 2));
  expect_refused(level.bytes(), "1 of its 2");
}

TEST(Picture, RefusesSixteenBits) {
  for (const int color_type : {0, 2, 4, 6}) {
    MadePng png{.depth = 16, .color_type = color_type};
    expect_refused(png.fill(255).bytes(), "not an 8-bit picture: has 16 bits a channel; reduce it");
  }
}

TEST(Picture, RefusesOtherColoursThanThoseOfSrgb) {
  const auto number = [](double value) {
    return big_endian_bytes(static_cast<std::uint32_t>(value * 100000 + 0.5));
  };
  const std::string primaries = number(0.3127) + number(0.329) + number(0.64) + number(0.33) +
                                number(0.3) + number(0.6) + number(0.15) + number(0.06);
  EXPECT_EQ(refusal(with_chunk("sRGB", std::string(1, '\0'))), "");
  EXPECT_EQ(refusal(with_chunk("gAMA", number(0.45455))), "");
  expect_refused(with_chunk("gAMA", number(1)), "has a gamma of 1 (gAMA), sRGB's is 0.45455");
  expect_refused(with_chunk("gAMA", number(0.55556)), "gamma of 0.5556");
  expect_refused(with_chunk("gAMA", "x"), "gAMA");
  EXPECT_EQ(refusal(with_chunk("cHRM", primaries)), "");
  std::string wide = primaries;
  wide.replace(8, 4, number(0.68));  // Display P3's red
  expect_refused(with_chunk("cHRM", wide), "has other primaries than sRGB's (cHRM)");
  EXPECT_EQ(refusal(with_chunk("cICP", std::string("\x01\x0d\0\x01", 4))), "");
  expect_refused(with_chunk("cICP", std::string("\x09\x10\0\x01", 4)), "cICP 9/16/0/1");
  expect_refused(with_chunk("mDCV", std::string(24, '\1')), "high dynamic range");
  expect_refused(with_chunk("cLLI", std::string(8, '\1')), "high dynamic range");
}

std::string with_profile(const std::string& profile) {
  return with_chunk("iCCP", std::string("any\0\0", 5) + zlib_packed(profile));
}

TEST(Picture, KnowsAProfileOfSrgbByItsNumbers) {
  for (const std::string& curve : {table_of_srgb(1024), table_of_srgb(4096), parameters_of_srgb()})
    EXPECT_EQ(refusal(with_profile(made_profile("whatever", kColumnsOfSrgb, curve))), "");
  EXPECT_EQ(refusal(with_profile(icc_file("GRAY", {{"kTRC", parameters_of_srgb()}}))), "");
  const std::string p3 = made_profile("Display P3", kColumnsOfP3, parameters_of_srgb());
  expect_refused(with_profile(p3),
                 "has the colour profile \"Display P3\", which is not sRGB; convert");
  // One that calls itself so.
  for (const double gamma : {1.0, 1.8, 2.2})
    expect_refused(with_profile(made_profile("sRGB", kColumnsOfSrgb, gamma_curve(gamma))),
                   "\"sRGB\", which is not sRGB");
  expect_refused(with_profile(made_profile("sRGB", kColumnsOfP3, table_of_srgb(1024))), "\"sRGB\"");
  expect_refused(with_profile(icc_file("GRAY", {{"kTRC", gamma_curve(2.2)}})), "not sRGB");
  expect_refused(with_profile(icc_file("CMYK", {})), "not sRGB");
  IccTags tables = {{"A2B0", std::string(40, 'x')}};
  expect_refused(with_profile(icc_file("RGB ", tables)), "not sRGB");
  expect_refused(with_profile("nonsense"), "has a colour profile that cannot be read");
  expect_refused(with_profile(p3.substr(0, 150)), "not sRGB");
  expect_refused(with_chunk("iCCP", std::string("any\0\0nonsense", 13)), "cannot be unpacked");
  expect_refused(with_chunk("iCCP", ""), "cannot be unpacked");
}

// Every place where programs put an orientation into a PNG.
TEST(Picture, RefusesAPictureThatIsToBeShownTurned) {
  for (const bool little : {false, true})
    for (std::uint32_t orientation = 1; orientation <= 8; ++orientation) {
      const std::string exif = turned_exif(little, orientation);
      const std::string words =
          orientation == 1 ? "" : "(EXIF orientation " + std::to_string(orientation) + "); turn";
      const std::string bare = refusal(with_chunk("eXIf", exif));
      EXPECT_EQ(bare.empty(), orientation == 1) << bare;
      EXPECT_NE(bare.find(words), std::string::npos) << bare;
    }
  const std::string exif = turned_exif(true, 6), prefix("Exif\0\0", 6), words = "orientation 6";
  expect_refused(with_chunk("eXIf", prefix + exif), words);
  expect_refused(with_chunk("eXIf", turned_exif(false, 6, 4)), words);
  expect_refused(with_chunk("eXIf", turned_exif(false, 6, 1)), words);
  MadePng behind;
  behind.after = png_chunk("eXIf", exif);
  expect_refused(behind.fill().bytes(), words);
  const std::string zero(1, '\0');
  for (const char* kind : {"exif", "APP1", "app1"}) {
    const std::string keyword = std::string("Raw profile type ") + kind + zero,
                      text = raw_profile("exif", prefix + exif);
    expect_refused(with_chunk("tEXt", keyword + text), words);
    expect_refused(with_chunk("zTXt", keyword + zero + zlib_packed(text)), words);
    expect_refused(with_chunk("iTXt", keyword + zero + zero + zero + zero + text), words);
  }
  const std::string keyword = "XML:com.adobe.xmp" + zero, packed("\1\0\0\0", 4);
  for (const std::string& xmp :
       {attribute_xmp("tiff:Orientation=\"6\""), attribute_xmp("tiff:Orientation = '6'"),
        std::string("<tiff:Orientation>6</tiff:Orientation>"),
        std::string(
            "<tiff:Orientation>1</tiff:Orientation> <tiff:Orientation>6</tiff:Orientation>")}) {
    expect_refused(with_chunk("iTXt", keyword + std::string(4, '\0') + xmp), "(XMP orientation 6)");
    expect_refused(with_chunk("iTXt", keyword + packed + zlib_packed(xmp)), "(XMP orientation 6)");
  }
  EXPECT_EQ(refusal(with_chunk(
                "iTXt", keyword + std::string(4, '\0') + attribute_xmp("tiff:Orientation=\"1\""))),
            "");
}

TEST(Picture, HearsOfColoursInExif) {
  expect_refused(with_chunk("eXIf", made_exif(true, {}, {{0xA001, 3, 2}})), "Adobe RGB");
  const std::string uncalibrated = png_chunk("eXIf", made_exif(false, {}, {{0xA001, 3, 0xffff}}));
  MadePng png;
  png.before = uncalibrated;
  expect_refused(png.fill().bytes(), "\"uncalibrated\"");
  png.after = png_chunk("sRGB", std::string(1, '\0'));  // says what they are
  EXPECT_EQ(refusal(png.bytes()), "");
  EXPECT_EQ(refusal(with_chunk("eXIf", made_exif(true, {}, {{0xA001, 3, 1}}))), "");
}

// Notes that change nothing: what ComfyUI and others write, and EXIF that is damaged.
TEST(Picture, TakesOtherNotes) {
  EXPECT_EQ(refusal(with_chunk("tEXt", std::string("prompt\0{}", 9))), "");
  EXPECT_EQ(refusal(with_chunk("pHYs", std::string(9, '\1'))), "");
  const std::string exif = turned_exif(true, 6);
  for (std::size_t size = 0; size < 20; ++size)
    EXPECT_EQ(refusal(with_chunk("eXIf", exif.substr(0, size))), "") << size;
}

TEST(Picture, RefusesAnAnimation) {
  expect_refused(with_chunk("acTL", big_endian_bytes(2) + big_endian_bytes(0)), "is animated");
}

TEST(Picture, SaysThatAPngIsCutShortOrDamaged) {
  MadePng png;
  png.fill();
  const std::string whole = png.bytes();
  for (std::size_t size = 1; size < whole.size(); ++size)
    expect_refused(whole.substr(0, size), "cut short at " + std::to_string(size) + " bytes");
  for (std::size_t at = 8; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
      EXPECT_NE(refusal(damaged), "") << at;
    }
  EXPECT_EQ(pixels_of(whole + "more behind it"), pixels_of(whole));
  png.rows.resize(png.rows.size() / 2);
  expect_refused(png.bytes(), "damaged: Not enough image data");
  png.packed = zlib_packed(png.fill().rows + "x");
  expect_refused(png.bytes(), "damaged");
  png.packed = zlib_packed(png.rows);
  png.packed->back() ^= 1;  // the checksum of what is packed
  expect_refused(png.bytes(), "damaged");
  png.packed = "nonsense";
  expect_refused(png.bytes(), "damaged");
  expect_refused(with_chunk("CgBI", "\1"), "has a chunk CgBI that no standard knows");
  expect_refused(with_chunk("IHDR", std::string(13, '\1')), "or has two");
}

long most_memory() {  // KB resident
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void expect_cheap(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const long before = most_memory();
  work();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_LT(most_memory() - before, 100'000);
}

std::string packed_zeros(std::size_t count) {
  std::vector<Bytef> zeros(1'000'000), out(1'000'000);
  std::string packed;
  z_stream stream{};
  ::deflateInit(&stream, 9);
  for (std::size_t done = 0; done < count; done += zeros.size()) {
    stream.next_in = zeros.data();
    stream.avail_in = static_cast<uInt>(zeros.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream, done + zeros.size() < count ? Z_NO_FLUSH : Z_FINISH);
    packed.append(reinterpret_cast<const char*>(out.data()), out.size() - stream.avail_out);
  }
  ::deflateEnd(&stream);
  return packed;
}

TEST(Picture, RefusesBombsBeforeTheyGoOff) {
  MadePng huge{.width = 60000, .height = 60000, .rows = "x"};
  expect_refused(huge.bytes(), "claims to be 60000x60000 pixels; at most 67108864 are read");
  MadePng tall{.width = 1, .height = 0x7fffffff, .rows = "x"};
  expect_refused(tall.bytes(), "claims to be 1x2147483647 pixels");
  MadePng wide{.width = 8193, .height = 8192, .rows = "x"};
  expect_refused(wide.bytes(), "claims to be 8193x8192 pixels");
  MadePng none{.width = 0, .height = 4, .rows = "x"};
  expect_refused(none.bytes(), "claims to be 0x4 pixels");
  MadePng hollow{.width = 8192, .height = 8192, .rows = "x"};
  expect_refused(hollow.bytes(), "bytes cannot hold 8192x8192 pixels");
  const std::string packed = packed_zeros(300'000'000);
  MadePng small;
  small.packed = packed;
  expect_cheap([&] { expect_refused(small.bytes(), "it has more pixels than it claims"); });
  const std::string profile = with_chunk("iCCP", std::string("x\0\0", 3) + packed);
  expect_cheap([&] { expect_refused(profile, "has more than 4 MiB"); });
  const std::string exif = std::string("Raw profile type exif\0\0", 23) + packed;
  expect_cheap([&] { expect_refused(with_chunk("zTXt", exif), "has more than 4 MiB"); });
  const std::string comment = std::string("Comment\0\0", 9) + packed;  // which nobody unpacks
  expect_cheap([&] { EXPECT_EQ(refusal(with_chunk("zTXt", comment)), ""); });
}

TEST(Picture, NamesOtherFormats) {
  expect_refused(std::string("RIFF\x10\0\0\0WEBPVP8 ", 16),
                 "is a WebP; PNG and JPEG are read: convert");
  expect_refused("GIF89a", "is a GIF");
  expect_refused(std::string("BM\x36\0", 4), "is a BMP");
  expect_refused(std::string("II*\0", 4), "is a TIFF");
  expect_refused(std::string("MM\0*", 4), "is a TIFF");
  expect_refused(std::string("\0\0\0\x20"
                             "ftypavif",
                             12),
                 "is an AVIF");
  expect_refused(std::string("\0\0\0\x18"
                             "ftypheic",
                             12),
                 "is a HEIC");
  expect_refused("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer");
  expect_refused("\xef\xbf\xbdPNG\r\n", "sent as text");
  expect_refused("\x89PNG\n\x1a\n\n", "sent as text");
  expect_refused("", "empty");
  expect_refused("nothing known", "not a picture that can be read: PNG and JPEG are");
}

TEST(Picture, LooksAtTheSizeOfAFileFirst) {
  const std::string path = ::testing::TempDir() + "sameseed-large.png";
  write_file(path, "x");
  std::filesystem::resize_file(path, kLargestPicture + 1);  // a hole
  try {
    read_picture(path);
    ADD_FAILURE();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("has 256 MiB; a picture of at most 256"),
              std::string::npos)
        << error.what();
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sameseed
