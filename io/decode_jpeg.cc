#include <fmt/format.h>
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it before
#include <cstdlib>
#include <map>

#include "io/big_endian.h"
#include "io/error.h"
#include "io/exif.h"
#include "io/icc_profile.h"
#include "io/picture_decoders.h"

namespace sameseed {
namespace {

// Programs write some ten scans; each goes over the whole picture, however few bytes it has.
constexpr int kMostScans = 100;
constexpr int kApp1 = JPEG_APP0 + 1, kApp2 = JPEG_APP0 + 2;
constexpr unsigned kLongestMarker = 0xffff;
constexpr int kColors = 3;
constexpr std::string_view kIcc("ICC_PROFILE\0", 12), kExif("Exif\0", 5),
    kXmp("http://ns.adobe.com/xap/1.0/\0", 29), kGainMap("urn:iso:std:iso:ts:21496:-1\0", 28);

// libjpeg ends by longjmp: nothing that it jumps over may have a destructor.
struct Problems {
  jpeg_error_mgr handlers;  // the first, so that a pointer to it is one to the whole
  jmp_buf jump;
  std::array<char, JMSG_LENGTH_MAX> text;
  bool cut_short;
};

[[noreturn]] void give_up(j_common_ptr codec) {
  auto* problems = reinterpret_cast<Problems*>(codec->err);
  const int code = problems->handlers.msg_code;
  problems->cut_short = code == JWRN_JPEG_EOF || code == JERR_INPUT_EOF;
  problems->handlers.format_message(codec, problems->text.data());
  longjmp(problems->jump, 1);
}

// Below 0 is a warning: libjpeg goes on with grey where it has no pixels.
void hear(j_common_ptr codec, int level) {
  if (level < 0) give_up(codec);
}

void count_scans(j_common_ptr codec) {
  if (reinterpret_cast<j_decompress_ptr>(codec)->input_scan_number > kMostScans)
    ERREXIT(codec, JERR_BAD_STATE);  // refuse() says it in other words
}

struct Decoder {
  jpeg_decompress_struct jpeg{};
  Problems problems{};
  jpeg_progress_mgr progress{};
  ~Decoder() { jpeg_destroy_decompress(&jpeg); }
};

bool read_header(Decoder& decoder, std::string_view file) {
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  jpeg.err = jpeg_std_error(&decoder.problems.handlers);
  decoder.problems.handlers.error_exit = give_up;
  decoder.problems.handlers.emit_message = hear;
  if (setjmp(decoder.problems.jump) != 0) return false;  // NOLINT: libjpeg's way
  jpeg_create_decompress(&jpeg);
  decoder.progress.progress_monitor = count_scans;
  jpeg.progress = &decoder.progress;
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_save_markers(&jpeg, kApp1, kLongestMarker);
  jpeg_save_markers(&jpeg, kApp2, kLongestMarker);
  jpeg_read_header(&jpeg, TRUE);
  return true;
}

bool read_rows(Decoder& decoder, std::uint8_t* pixels) {
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  if (setjmp(decoder.problems.jump) != 0) return false;  // NOLINT: libjpeg's way
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row =
        pixels + static_cast<std::size_t>(jpeg.output_scanline) * jpeg.output_width * kColors;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  // Of a progressive picture a cut between two scans leaves a coarser one.
  if (jpeg.progressive_mode && jpeg.coef_bits)
    for (int c = 0; c < jpeg.num_components; ++c)
      for (int k = 0; k < DCTSIZE2; ++k)
        if (jpeg.coef_bits[c][k] != 0) WARNMS(&jpeg, JWRN_JPEG_EOF);
  while (jpeg_consume_input(&jpeg) != JPEG_REACHED_EOI) {
  }
  return true;
}

// The quality whose table is nearest to that of the luma. libjpeg's scale, jcparam.c. Of a picture
// that was read, as tables are checked only then.
int quality_of(const jpeg_decompress_struct& jpeg) {
  constexpr std::array<int, DCTSIZE2> kAt50 = {
      16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
      14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
      18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
      49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
  const JQUANT_TBL* table = jpeg.comp_info[0].quant_table;
  if (!table) return 1;
  int best = 1;
  long least = -1;
  for (int quality = 1; quality <= 100; ++quality) {
    const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    long difference = 0;
    for (std::size_t k = 0; k < kAt50.size(); ++k)
      difference += std::abs(std::clamp((kAt50[k] * scale + 50) / 100, 1, 255) -
                             static_cast<long>(table->quantval[k]));
    if (least < 0 || difference < least) {
      least = difference;
      best = quality;
    }
  }
  return best;
}

// A profile stands in several markers, numbered from 1, each with their number.
std::string icc_objection_of(const std::map<int, std::string_view>& parts, std::size_t count) {
  if (count == 0) return "";
  std::string profile;
  for (const auto& [number, part] : parts) profile += part;
  const bool whole = parts.size() == count && parts.begin()->first == 1 &&
                     parts.rbegin()->first == static_cast<int>(count);
  const std::string text =
      whole ? icc_objection(profile) : "has a colour profile of which a part is missing";
  return text.empty() ? "" : text + "; " + kMakeItSrgb;
}

// Why the pixels alone are not the picture, and the remedy; or empty.
std::string objection_of(const jpeg_decompress_struct& jpeg) {
  std::map<int, std::string_view> profile;
  std::size_t count = 0;
  const auto markers = [&](auto&& use) {
    for (const jpeg_marker_struct* marker = jpeg.marker_list; marker; marker = marker->next)
      use(marker->marker,
          std::string_view(reinterpret_cast<const char*>(marker->data), marker->data_length));
  };
  std::string text;
  markers([&](int marker, std::string_view data) {
    if (marker == kApp2 && data.starts_with(kIcc) && data.size() >= kIcc.size() + 2) {
      profile[static_cast<unsigned char>(data[kIcc.size()])] = data.substr(kIcc.size() + 2);
      count = static_cast<unsigned char>(data[kIcc.size() + 1]);
    } else if (marker == kApp2 && data.starts_with(kGainMap)) {
      text = xmp_objection("hdrgm:", true);
    }
  });
  if (text.empty()) text = icc_objection_of(profile, count);
  markers([&](int marker, std::string_view data) {
    if (marker != kApp1 || !text.empty()) return;
    if (data.starts_with(kExif))
      text = exif_objection(data, !profile.empty());
    else if (data.starts_with(kXmp))
      text = xmp_objection(data.substr(kXmp.size()), !profile.empty());
  });
  return text;
}

[[noreturn]] void refuse(const Decoder& decoder, std::string_view file, const std::string& name) {
  if (decoder.jpeg.input_scan_number > kMostScans)
    throw UserError(fmt::format("{}: has more than {} scans; save it anew", name, kMostScans));
  if (decoder.problems.handlers.msg_code == JWRN_HIT_MARKER)
    throw UserError(fmt::format("{}: cut short, or damaged in the middle: {}", name,
                                decoder.problems.text.data()));
  if (decoder.problems.cut_short)
    throw UserError(fmt::format("{}: cut short at {} bytes: {}", name, file.size(),
                                decoder.problems.text.data()));
  throw UserError(fmt::format("{}: damaged, or no JPEG of the usual kind: {}", name,
                              decoder.problems.text.data()));
}

}  // namespace

Picture decode_jpeg(std::string_view file, const std::string& name) {
  Decoder decoder;
  const jpeg_decompress_struct& jpeg = decoder.jpeg;
  if (!read_header(decoder, file)) refuse(decoder, file, name);
  check_pixels(jpeg.image_width, jpeg.image_height, name);
  if (jpeg.num_components != 1 && jpeg.num_components != kColors)
    throw UserError(fmt::format("{}: is {}; {}", name,
                                jpeg.num_components == 4 ? "a CMYK picture" : "of unknown colours",
                                kMakeItSrgb));
  if (const std::string text = objection_of(jpeg); !text.empty())
    throw UserError(fmt::format("{}: {}", name, text));
  Picture picture{{static_cast<int>(jpeg.image_width), static_cast<int>(jpeg.image_height), {}}};
  picture.image.rgb.resize(static_cast<std::size_t>(jpeg.image_width) * jpeg.image_height *
                           kColors);
  if (!read_rows(decoder, picture.image.rgb.data())) refuse(decoder, file, name);
  if (const std::string text = objection_of(jpeg);
      !text.empty())  // of markers behind the first scan
    throw UserError(fmt::format("{}: {}", name, text));
  picture.jpeg_quality = quality_of(jpeg);
  return picture;
}

}  // namespace sameseed
