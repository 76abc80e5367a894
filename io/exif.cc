#include "io/exif.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "io/icc_profile.h"

namespace sameseed {

const char* const kTurnIt = "turn its pixels, as `magick IN -auto-orient -strip OUT.png` does";
const char* const kMakeItSrgb = "convert it, as `magick IN -profile sRGB.icc -strip OUT.png` does";

namespace {

constexpr std::string_view kExifPrefix("Exif\0", 5);
constexpr std::uint32_t kOrientation = 0x0112, kTransfer = 0x012D, kWhite = 0x013E,
                        kPrimaries = 0x013F, kExifFolder = 0x8769, kColorSpace = 0xA001,
                        kInteropFolder = 0xA005, kInteropIndex = 0x0001, kGamma = 0xA500;
constexpr std::uint32_t kByte = 1, kShort = 3, kLong = 4, kRational = 5;
constexpr std::uint32_t kSrgb = 1, kAdobeRgb = 2, kUncalibrated = 0xFFFF;

// A TIFF's numbers; nothing where they would lie behind its end.
class Tiff {
 public:
  explicit Tiff(std::string_view bytes) : bytes_(bytes), little_(bytes.starts_with("II")) {}

  std::optional<std::uint32_t> number(std::uint64_t at, std::uint64_t length) const {
    if (at > bytes_.size() || length > bytes_.size() - at) return std::nullopt;
    std::uint32_t value = 0;
    for (std::uint64_t i = 0; i < length; ++i) {
      const auto byte = static_cast<unsigned char>(bytes_[at + (little_ ? length - 1 - i : i)]);
      value = value << 8 | byte;
    }
    return value;
  }

  struct Entry {
    std::uint32_t type = 0, count = 0;
    std::uint64_t at = 0;  // of its value, if that fits into the entry, or of the value's offset
  };
  std::optional<Entry> find(std::uint32_t folder, std::uint32_t tag) const {
    const std::uint32_t count = number(folder, 2).value_or(0);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint64_t at = folder + 2ull + 12ull * i;
      if (number(at, 2) == tag)
        return Entry{number(at + 2, 2).value_or(0), number(at + 4, 4).value_or(0), at + 8};
    }
    return std::nullopt;
  }
  std::optional<std::uint32_t> integer(std::uint32_t folder, std::uint32_t tag) const {
    const auto entry = find(folder, tag);
    if (!entry) return std::nullopt;
    return entry->type == kByte    ? number(entry->at, 1)
           : entry->type == kShort ? number(entry->at, 2)
           : entry->type == kLong  ? number(entry->at, 4)
                                   : std::nullopt;
  }
  std::optional<double> rational(std::uint32_t folder, std::uint32_t tag, std::uint32_t i) const {
    const auto entry = find(folder, tag);
    if (!entry || entry->type != kRational) return std::nullopt;
    const std::uint64_t at = number(entry->at, 4).value_or(0xffffffff) + 8ull * i;
    const auto above = number(at, 4), below = number(at + 4, 4);
    if (!above || !below || *below == 0) return std::nullopt;
    return static_cast<double>(*above) / *below;
  }
  bool is_tiff() const {
    return (bytes_.starts_with("II") || bytes_.starts_with("MM")) && number(2, 2) == 42u;
  }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
  bool little_;
};

std::string turned(std::uint32_t orientation, const char* where) {
  if (orientation < 2 || orientation > 8) return "";  // 1: as it is; others mean nothing
  return fmt::format("is to be shown turned or mirrored ({} orientation {}); {}", where,
                     orientation, kTurnIt);
}

std::string other_color_space(std::uint32_t space, const char* where, bool profiled) {
  if (space == kAdobeRgb)
    return fmt::format("has the colours of Adobe RGB ({}), not of sRGB; {}", where, kMakeItSrgb);
  if (space == kUncalibrated && !profiled)
    return fmt::format("has other colours than sRGB's ({} colour space \"uncalibrated\"); {}",
                       where, kMakeItSrgb);
  return "";
}

std::string other_primaries(const Tiff& tiff, std::uint32_t folder) {
  for (std::uint32_t i = 0; i < 8; ++i) {
    const auto value = tiff.rational(folder, i < 2 ? kWhite : kPrimaries, i < 2 ? i : i - 2);
    if (value && std::abs(*value - kSrgbPrimaries[i]) > kSamePrimaries)
      return fmt::format("has other primaries than sRGB's (EXIF); {}", kMakeItSrgb);
  }
  return tiff.find(folder, kTransfer)
             ? fmt::format("has a transfer function of its own (EXIF); {}", kMakeItSrgb)
             : "";
}

// The values of a property, written as attributes or as elements: the digits or words behind its
// name, wherever that stands.
std::vector<std::string_view> values_of(std::string_view xmp, std::string_view name) {
  std::vector<std::string_view> values;
  for (std::size_t at = xmp.find(name); at != std::string_view::npos; at = xmp.find(name, at + 1)) {
    const std::string_view rest = xmp.substr(at + name.size());
    const std::size_t start = rest.find_first_not_of(" \t\r\n=\"'>");
    if (start == std::string_view::npos) continue;
    const std::size_t end = rest.find_first_of("\"'<", start);
    if (end != start) values.push_back(rest.substr(start, end - start));
  }
  return values;
}

std::uint32_t digits(std::string_view text) {
  std::uint32_t value = 0;
  for (const char letter : text.substr(0, 6)) {
    if (letter < '0' || letter > '9') break;
    value = value * 10 + static_cast<std::uint32_t>(letter - '0');
  }
  return value;
}

}  // namespace

std::string exif_objection(std::string_view exif, bool profiled) {
  if (exif.starts_with(kExifPrefix)) exif.remove_prefix(std::min<std::size_t>(exif.size(), 6));
  const Tiff tiff(exif);
  if (!tiff.is_tiff()) return "";
  const std::uint32_t first = tiff.number(4, 4).value_or(0);
  if (std::string text = turned(tiff.integer(first, kOrientation).value_or(0), "EXIF");
      !text.empty())
    return text;
  const auto details = tiff.integer(first, kExifFolder);
  const auto interop = details ? tiff.integer(*details, kInteropFolder) : std::nullopt;
  if (interop) {
    const auto index = tiff.find(*interop, kInteropIndex);
    if (index &&
        tiff.bytes().substr(std::min<std::size_t>(index->at, tiff.bytes().size()), 3) == "R03")
      return other_color_space(kAdobeRgb, "EXIF interoperability R03", profiled);
  }
  if (details) {
    const std::uint32_t space = tiff.integer(*details, kColorSpace).value_or(kSrgb);
    if (std::string text = other_color_space(space, "EXIF", profiled); !text.empty()) return text;
    const auto gamma = tiff.rational(*details, kGamma, 0);
    if (gamma && std::abs(*gamma - 2.2) > 0.05)
      return fmt::format("has a gamma of {:.3g} (EXIF), sRGB's is 2.2; {}", *gamma, kMakeItSrgb);
  }
  return other_primaries(tiff, first);
}

std::string xmp_objection(std::string_view xmp, bool profiled) {
  for (const std::string_view value : values_of(xmp, "tiff:Orientation"))
    if (std::string text = turned(digits(value), "XMP"); !text.empty()) return text;
  if (xmp.find("hdrgm:") != std::string_view::npos)
    return "holds a gain map, which makes another picture of it on a bright screen; save it "
           "without";
  for (const std::string_view value : values_of(xmp, "exif:ColorSpace"))
    if (std::string text = other_color_space(digits(value), "XMP", profiled); !text.empty())
      return text;
  for (const std::string_view value : values_of(xmp, "photoshop:ICCProfile"))
    if (!profiled && value.find("sRGB") == std::string_view::npos)
      return fmt::format("has a colour profile that is not sRGB (XMP names one); {}", kMakeItSrgb);
  return "";
}

}  // namespace sameseed
