// Notes of cameras and programs in picture files, as far as they change what is to be shown.
#pragma once

#include <string>
#include <string_view>

namespace sameseed {

// EXIF (CIPA DC-008), which is a TIFF of either byte order, with or without "Exif\0\0" in front.
// Empty where it leaves the pixels as they are; else what the picture says of itself: that it is to
// be turned, or has other colours than sRGB's. Of damaged data what can be found counts.
// `profiled`: a colour profile tells of the colours.
std::string exif_objection(std::string_view exif, bool profiled);

// XMP, by its properties tiff:Orientation, exif:ColorSpace, photoshop:ICCProfile and hdrgm:
// (a gain map, which turns the picture into another one on a bright screen).
std::string xmp_objection(std::string_view xmp, bool profiled);

// Behind an objection: what to do about it.
extern const char* const kTurnIt;
extern const char* const kMakeItSrgb;

}  // namespace sameseed
