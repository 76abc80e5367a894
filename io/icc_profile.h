// ICC colour profiles (ICC.1): only whether one means sRGB, which is what metrics and screens take
// pixels for that have none.
#pragma once

#include <string>
#include <string_view>

namespace sameseed {

// CIE xy of sRGB's white, red, green and blue (IEC 61966-2-1), and how far from them others may be
// that a file writes with a few digits. The nearest other primaries, BT.601's, are 0.01 away.
inline constexpr double kSrgbPrimaries[8] = {0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06};
inline constexpr double kSamePrimaries = 0.004;

// Empty where the profile means sRGB, or grey with sRGB's curve: its primaries are within 0.003,
// its curves within 2 of 255 levels, as those of abridged sRGB profiles are. Else what the picture
// has, such as: has the colour profile "Display P3", which is not sRGB.
std::string icc_objection(std::string_view profile);

}  // namespace sameseed
