// Mild post-processing of a finished picture, so that its effect can be measured like a switch's.
#pragma once

#include <string_view>

#include "io/image.h"

namespace sameseed {

// "unsharp": what a Gaussian of sigma 1 pixel takes away is added once more by half.
// "contrast": distances from mid-grey (127.5) grow by a tenth.
inline constexpr std::string_view kEnhancements[] = {"unsharp", "contrast"};

// The picture so treated: each channel by itself, rounded to the nearest level and cut off at 0 and
// 255. `name` is one of the above. `image` holds `batch` pictures of one height, one below another;
// none of them takes anything from its neighbours.
Image enhanced(const Image& image, std::string_view name, int batch = 1);

}  // namespace sameseed
