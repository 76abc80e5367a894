// Colour as the eye has it, in double precision. OpenCV's float Lab is a table, off by up to 0.3.
#pragma once

#include <array>
#include <cstdint>

namespace sameseed {

struct Lab {
  double l = 0, a = 0, b = 0;
};

// An sRGB level, 0 to 255, as light, 0 to 1 (IEC 61966-2-1).
double linear_of(std::uint8_t level);

// sRGB levels to CIELAB under D65, two degrees. Matrix, white point and the constants .008856,
// 7.787 as scikit-image and OpenCV have them, so that a grey may have an a or b of some 1e-3.
Lab lab_of(std::uint8_t red, std::uint8_t green, std::uint8_t blue);

// CIEDE2000 with kL = kC = kH = 1 (Sharma, Wu, Dalal 2005). 0 for equal colours, symmetric but for
// the last bits; 2.3 is about the smallest difference that people notice.
double ciede2000(const Lab& one, const Lab& other);

// For 0.008 <= value <= 1.2, to the last bits and in a fifth of std::cbrt's time.
double cube_root(double value);

}  // namespace sameseed
