// What a PNG says beside its pixels, as far as it changes what is to be shown.
#pragma once

#include <string>
#include <string_view>

namespace sameseed {

class PngNotes {
 public:
  // A chunk that decoding needs not.
  void add(std::string_view type, std::string_view data);

  // Why the pixels alone are not the picture, and the remedy: it is animated, has other colours
  // than sRGB's (iCCP, gAMA, cHRM, cICP, mDCV, cLLI, EXIF, XMP), or is to be shown turned (EXIF,
  // XMP). Empty where they are, as in nearly all pictures.
  std::string objection() const { return objection_.empty() ? late_ : objection_; }

 private:
  void object(std::string text);
  void add_profile(std::string_view profile);
  void add_text(std::string_view type, std::string_view data);
  void add_exif(std::string_view exif);
  void add_xmp(std::string_view xmp);
  void add_raw_profile(std::string_view kind, std::string_view text);

  std::string objection_;
  std::string late_;  // counts where nothing else does: a note that a profile would explain
  bool profiled_ = false;
};

}  // namespace sameseed
