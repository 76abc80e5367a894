// EXIF, XMP and ICC profiles as programs write them, small enough to be read.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/io/made_png.h"

namespace sameseed {

// A number in the byte order of "II" or "MM".
inline std::string tiff_bytes(bool little, std::uint32_t value, int length) {
  std::string bytes = big_endian_bytes(value, length);
  if (little) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

struct TiffEntry {
  std::uint32_t tag, type, value;  // 1: byte, 3: short, 4: long
};

inline std::string tiff_folder(bool little, const std::vector<TiffEntry>& entries) {
  std::string bytes = tiff_bytes(little, static_cast<std::uint32_t>(entries.size()), 2);
  for (const TiffEntry& entry : entries) {
    const int length = entry.type == 1 ? 1 : entry.type == 3 ? 2 : 4;
    bytes += tiff_bytes(little, entry.tag, 2) + tiff_bytes(little, entry.type, 2) +
             tiff_bytes(little, 1, 4) + tiff_bytes(little, entry.value, length) +
             std::string(static_cast<std::size_t>(4 - length), '\0');
  }
  return bytes + std::string(4, '\0');
}

// EXIF with these entries, and with `details` in the folder that tag 8769 names.
inline std::string made_exif(bool little, std::vector<TiffEntry> entries,
                             const std::vector<TiffEntry>& details = {}) {
  const std::string head = (little ? "II" : "MM") + tiff_bytes(little, 42, 2);
  if (!details.empty()) {
    const auto behind = static_cast<std::uint32_t>(8 + 2 + 12 * (entries.size() + 1) + 4);
    entries.push_back({0x8769, 4, behind});
  }
  std::string bytes = head + tiff_bytes(little, 8, 4) + tiff_folder(little, entries);
  if (!details.empty()) bytes += tiff_folder(little, details);
  return bytes;
}

inline std::string turned_exif(bool little, std::uint32_t orientation, std::uint32_t type = 3) {
  return made_exif(little, {{0x0100, 4, 8}, {0x0112, type, orientation}});
}

inline std::string attribute_xmp(const std::string& attribute) {
  return "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF><rdf:Description " + attribute +
         "/></rdf:RDF></x:xmpmeta>";
}

// How ImageMagick puts binary data into a text chunk.
inline std::string raw_profile(const std::string& kind, const std::string& bytes) {
  std::string text = "\n" + kind + "\n      " + std::to_string(bytes.size()) + "\n";
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
    if (i % 36 == 35) text += '\n';
  }
  return text + "\n";
}

inline double srgb_light(double level) {  // 0 to 1
  return level <= 0.04045 ? level / 12.92 : std::pow((level + 0.055) / 1.055, 2.4);
}

inline std::string fixed_point_bytes(double value) {
  return big_endian_bytes(static_cast<std::uint32_t>(static_cast<std::int32_t>(value * 65536)));
}

// The curves of profiles.
inline std::string gamma_curve(double gamma) {
  return std::string("curv\0\0\0\0", 8) + big_endian_bytes(1) +
         big_endian_bytes(static_cast<std::uint32_t>(gamma * 256), 2);
}
inline std::string table_of_srgb(std::uint32_t count) {
  std::string curve = std::string("curv\0\0\0\0", 8) + big_endian_bytes(count);
  for (std::uint32_t i = 0; i < count; ++i)
    curve += big_endian_bytes(static_cast<std::uint32_t>(std::lround(
                                  65535 * srgb_light(static_cast<double>(i) / (count - 1)))),
                              2);
  return curve;
}
inline std::string parameters_of_srgb() {
  return std::string("para\0\0\0\0\0\3\0\0", 12) + fixed_point_bytes(2.4) +
         fixed_point_bytes(1 / 1.055) + fixed_point_bytes(0.055 / 1.055) +
         fixed_point_bytes(1 / 12.92) + fixed_point_bytes(0.04045);
}

using IccTags = std::vector<std::pair<std::string, std::string>>;

inline std::string icc_file(const std::string& space, const IccTags& tags) {
  std::string head(128, '\0'), table = big_endian_bytes(static_cast<std::uint32_t>(tags.size())),
                               data;
  for (const auto& [name, value] : tags) {
    table += name +
             big_endian_bytes(static_cast<std::uint32_t>(132 + 12 * tags.size() + data.size())) +
             big_endian_bytes(static_cast<std::uint32_t>(value.size()));
    data += value + std::string((4 - value.size() % 4) % 4, '\0');
  }
  head.replace(12, 12, "mntr" + space + "XYZ ");
  head.replace(36, 4, "acsp");
  std::string file = head + table + data;
  return file.replace(0, 4, big_endian_bytes(static_cast<std::uint32_t>(file.size())));
}

inline std::string icc_description(const std::string& name) {
  return std::string("desc\0\0\0\0", 8) +
         big_endian_bytes(static_cast<std::uint32_t>(name.size() + 1)) + name +
         std::string(79, '\0');
}

// RGB of these columns (red, green and blue in XYZ of D50) and one curve.
inline std::string made_profile(const std::string& name, const std::vector<double>& columns,
                                const std::string& curve) {
  IccTags tags = {{"desc", icc_description(name)}};
  for (std::size_t c = 0; c < 3; ++c) {
    const std::string letter(1, "rgb"[c]);
    std::string column("XYZ \0\0\0\0", 8);
    for (std::size_t i = 0; i < 3; ++i) column += fixed_point_bytes(columns[3 * c + i]);
    tags.emplace_back(letter + "XYZ", column);
    tags.emplace_back(letter + "TRC", curve);
  }
  return icc_file("RGB ", tags);
}

inline const std::vector<double> kColumnsOfSrgb = {0.43607, 0.22249, 0.01392, 0.38515, 0.71687,
                                                   0.09708, 0.14307, 0.06061, 0.71410};
inline const std::vector<double> kColumnsOfP3 = {0.51512, 0.24120, -0.00105, 0.29198, 0.69225,
                                                 0.04189, 0.15710, 0.06657,  0.78407};

}  // namespace sameseed
