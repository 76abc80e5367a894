#include "io/icc_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "io/big_endian.h"

namespace sameseed {
namespace {

constexpr std::size_t kHeader = 128, kEntry = 12;
constexpr double kSameXyz = 0.003, kSameLevels = 2;

// Red, green and blue in XYZ of D50, as sRGB's own profile has them.
constexpr std::array<std::array<double, 3>, 3> kSrgbXyz = {
    {{0.43607, 0.22249, 0.01392}, {0.38515, 0.71687, 0.09708}, {0.14307, 0.06061, 0.71410}}};

double fixed_point(std::string_view data, std::size_t at) {  // s15Fixed16
  return static_cast<std::int32_t>(big_endian(data, at)) / 65536.0;
}

double srgb_level(double linear) {
  const double light = std::clamp(linear, 0.0, 1.0);
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055);
}

// A tag's data; empty where there is none, or where it lies outside the profile.
std::string_view tag(std::string_view profile, std::string_view name) {
  const std::uint32_t count = big_endian(profile, kHeader);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t entry = kHeader + 4 + i * kEntry;
    if (entry + kEntry > profile.size()) return {};
    if (profile.substr(entry, 4) != name) continue;
    const std::size_t at = big_endian(profile, entry + 4), size = big_endian(profile, entry + 8);
    return at <= profile.size() && size <= profile.size() - at ? profile.substr(at, size)
                                                               : std::string_view();
  }
  return {};
}

std::string printable(std::string_view text) {
  std::string result;
  for (const char letter : text.substr(0, 60))
    if (letter >= ' ' && letter <= '~' && letter != '"') result += letter;
  return result;
}

std::string description(std::string_view profile) {
  const std::string_view desc = tag(profile, "desc");
  if (desc.starts_with("desc")) return printable(desc.substr(12, big_endian(desc, 8)));
  if (!desc.starts_with("mluc")) return "";
  const std::size_t size = big_endian(desc, 20), at = big_endian(desc, 24);
  std::string text;  // of UTF-16
  for (std::size_t i = at; i + 1 < desc.size() && i < at + size; i += 2)
    if (desc[i] == 0) text += desc[i + 1];
  return printable(text);
}

// What a curve makes of a value of 0 to 1; nothing where the curve is of no known kind.
std::optional<double> curve_at(std::string_view curve, double x) {
  if (curve.starts_with("curv")) {
    const std::size_t count = big_endian(curve, 8);
    if (count == 0) return x;
    if (count == 1) return std::pow(x, big_endian(curve, 12, 2) / 256.0);
    const double position = x * static_cast<double>(count - 1);
    const auto below = std::min(static_cast<std::size_t>(position), count - 2);
    const double a = big_endian(curve, 12 + 2 * below, 2), b = big_endian(curve, 14 + 2 * below, 2);
    return (a + (b - a) * (position - static_cast<double>(below))) / 65535;
  }
  if (!curve.starts_with("para")) return std::nullopt;
  const std::uint32_t kind = big_endian(curve, 8, 2);
  const auto p = [&](std::size_t i) { return fixed_point(curve, 12 + 4 * i); };
  switch (kind) {
    case 0:
      return std::pow(x, p(0));
    case 1:
      return x >= -p(2) / p(1) ? std::pow(p(1) * x + p(2), p(0)) : 0;
    case 2:
      return x >= -p(2) / p(1) ? std::pow(p(1) * x + p(2), p(0)) + p(3) : p(3);
    case 3:
      return x >= p(4) ? std::pow(p(1) * x + p(2), p(0)) : p(3) * x;
    case 4:
      return x >= p(4) ? std::pow(p(1) * x + p(2), p(0)) + p(5) : p(3) * x + p(6);
    default:
      return std::nullopt;
  }
}

bool is_srgb_curve(std::string_view curve) {
  for (int level = 0; level <= 255; level += 3) {
    const auto light = curve_at(curve, level / 255.0);
    if (!light || !(std::abs(srgb_level(*light) - level) <= kSameLevels)) return false;
  }
  return true;
}

bool is_srgb(std::string_view profile) {
  for (const char* table : {"A2B0", "A2B1", "A2B2", "D2B0", "D2B1", "D2B2"})
    if (!tag(profile, table).empty()) return false;  // another way than curves and primaries
  if (profile.substr(16, 4) == "GRAY") return is_srgb_curve(tag(profile, "kTRC"));
  if (profile.substr(16, 4) != "RGB ") return false;
  constexpr const char* kColumns[] = {"rXYZ", "gXYZ", "bXYZ"};
  constexpr const char* kCurves[] = {"rTRC", "gTRC", "bTRC"};
  for (std::size_t c = 0; c < 3; ++c) {
    const std::string_view column = tag(profile, kColumns[c]);
    for (std::size_t i = 0; i < 3; ++i)
      if (std::abs(fixed_point(column, 8 + 4 * i) - kSrgbXyz[c][i]) > kSameXyz) return false;
    if (!is_srgb_curve(tag(profile, kCurves[c]))) return false;
  }
  return true;
}

}  // namespace

std::string icc_objection(std::string_view profile) try {
  if (profile.size() < kHeader + 4 || profile.substr(36, 4) != "acsp")
    return "has a colour profile that cannot be read";
  try {
    if (is_srgb(profile)) return "";
  } catch (const std::out_of_range&) {  // a tag that is not there, or too short
  }
  const std::string name = description(profile);
  return name.empty() ? "has a colour profile that is not sRGB"
                      : fmt::format("has the colour profile \"{}\", which is not sRGB", name);
} catch (const std::out_of_range&) {
  return "has a colour profile that is not sRGB";
}

}  // namespace sameseed
