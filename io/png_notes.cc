#include "io/png_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "io/big_endian.h"
#include "io/exif.h"
#include "io/icc_profile.h"
#include "io/unpacked.h"

namespace sameseed {
namespace {

// Bytes of a profile or of notes, unpacked: profiles of printers have 3 MB at most.
constexpr std::size_t kMost = 4 << 20;
constexpr double kSrgbGamma = 0.45455, kSameGamma = 0.005;  // as gAMA has it, 1 / 2.2
constexpr double kUnit = 100000;

// Up to the first zero byte, which is taken away.
std::string_view take_word(std::string_view& data) {
  const std::string_view word = data.substr(0, data.find('\0'));
  data.remove_prefix(std::min(data.size(), word.size() + 1));
  return word;
}

std::string gamma_objection(std::string_view data) {
  const double gamma = data.size() == 4 ? big_endian(data, 0) / kUnit : 0;
  if (std::abs(gamma - kSrgbGamma) <= kSameGamma) return "";
  return fmt::format("has a gamma of {:.4g} (gAMA), sRGB's is {}; {}", gamma, kSrgbGamma,
                     kMakeItSrgb);
}

std::string primaries_objection(std::string_view data) {
  bool same = data.size() == 32;
  for (std::size_t i = 0; same && i < 8; ++i)
    same = std::abs(big_endian(data, 4 * i) / kUnit - kSrgbPrimaries[i]) <= kSamePrimaries;
  return same ? "" : fmt::format("has other primaries than sRGB's (cHRM); {}", kMakeItSrgb);
}

// ITU-T H.273: primaries 1 and transfer 13 are sRGB's, 0 is RGB, 1 the full range.
std::string code_points_objection(std::string_view data) {
  if (data == std::string_view("\x01\x0d\x00\x01", 4)) return "";
  std::string values;
  for (const char value : data.substr(0, 4))
    values += fmt::format("{}{}", values.empty() ? "" : "/", static_cast<unsigned char>(value));
  return fmt::format("has other colours than sRGB's (cICP {}, sRGB is 1/13/0/1); {}", values,
                     kMakeItSrgb);
}

// What ImageMagick writes: a name, the number of bytes, and these in hexadecimal, in lines.
std::string bytes_of_raw_profile(std::string_view text) {
  const auto skip = [&](std::string_view letters) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(letters)));
  };
  const auto skip_word = [&] {
    skip(" \n\r\t");
    text.remove_prefix(std::min(text.size(), text.find_first_of(" \n\r\t")));
  };
  skip_word();
  skip_word();
  std::string bytes;
  int high = -1;
  for (const char letter : text) {
    const int value = letter >= '0' && letter <= '9'   ? letter - '0'
                      : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                      : letter >= 'A' && letter <= 'F' ? letter - 'A' + 10
                                                       : -1;
    if (value < 0) continue;
    if (high >= 0) bytes += static_cast<char>(high << 4 | value);
    high = high >= 0 ? -1 : value;
  }
  return bytes;
}

}  // namespace

void PngNotes::object(std::string text) {
  if (objection_.empty()) objection_ = std::move(text);
}

void PngNotes::add_profile(std::string_view profile) {
  profiled_ = true;
  late_.clear();
  if (const std::string text = icc_objection(profile); !text.empty())
    object(text + "; " + kMakeItSrgb);
}

void PngNotes::add_exif(std::string_view exif) {
  object(exif_objection(exif, true));
  if (!profiled_ && late_.empty()) late_ = exif_objection(exif, false);
}

void PngNotes::add_xmp(std::string_view xmp) {
  object(xmp_objection(xmp, true));
  if (!profiled_ && late_.empty()) late_ = xmp_objection(xmp, false);
}

void PngNotes::add_raw_profile(std::string_view kind, std::string_view text) {
  const std::string bytes = bytes_of_raw_profile(text);
  if (kind == "icc" || kind == "icm") {
    add_profile(bytes);
  } else if (kind == "xmp" || bytes.starts_with("http")) {
    add_xmp(bytes);
  } else {
    add_exif(bytes);
  }
}

void PngNotes::add_text(std::string_view type, std::string_view data) {
  constexpr std::string_view kRaw = "Raw profile type ", kXmp = "XML:com.adobe.xmp";
  const std::string_view keyword = take_word(data);
  const bool raw = keyword.starts_with(kRaw);
  const std::string_view kind = raw ? keyword.substr(kRaw.size()) : "";
  const bool known = kind == "exif" || kind == "APP1" || kind == "app1" || kind == "xmp" ||
                     kind == "icc" || kind == "icm";
  if (!known && keyword != kXmp) return;
  bool packed = type == "zTXt";
  if (type == "iTXt") {  // whether it is packed, how, language, the keyword in it
    packed = data.substr(0, 1) == "\x01";
    data.remove_prefix(std::min<std::size_t>(data.size(), 2));
    take_word(data);
    take_word(data);
  } else if (packed) {
    data.remove_prefix(std::min<std::size_t>(data.size(), 1));
  }
  std::string text(data);
  if (packed) {
    const auto whole = unpacked(data, kMost);
    if (!whole)
      return object(
          fmt::format("its note \"{}\" cannot be unpacked, or has more than {} MiB; save "
                      "it without notes",
                      keyword, kMost >> 20));
    text = *whole;
  }
  if (raw)
    add_raw_profile(kind, text);
  else
    add_xmp(text);
}

void PngNotes::add(std::string_view type, std::string_view data) {
  if (type == "sRGB") {
    profiled_ = true;
    late_.clear();
  } else if (type == "acTL") {
    object("is animated; save the frame that is meant as a picture of its own");
  } else if (type == "iCCP") {
    take_word(data);
    const auto profile = unpacked(data.substr(std::min<std::size_t>(data.size(), 1)), kMost);
    if (profile)
      add_profile(*profile);
    else
      object(fmt::format("its colour profile cannot be unpacked, or has more than {} MiB; {}",
                         kMost >> 20, kMakeItSrgb));
  } else if (type == "gAMA") {
    object(gamma_objection(data));
  } else if (type == "cHRM") {
    object(primaries_objection(data));
  } else if (type == "cICP") {
    object(code_points_objection(data));
  } else if (type == "mDCV" || type == "mDCv" || type == "cLLI" || type == "cLLi") {
    object(fmt::format("is a picture of a high dynamic range ({}); {}", type, kMakeItSrgb));
  } else if (type == "eXIf") {
    add_exif(data);
  } else if (type == "tEXt" || type == "zTXt" || type == "iTXt") {
    add_text(type, data);
  }
}

}  // namespace sameseed
