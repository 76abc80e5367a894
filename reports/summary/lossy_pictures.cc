#include "reports/summary/lossy_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace sameseed {
namespace {

// "owl.jpg: is a JPEG of quality 75 or so: ...", in the words of bench/engines/folder_engine.cc.
// 0: another warning.
int quality_in(std::string_view warning) {
  constexpr std::string_view kWords = ": is a JPEG of quality ";
  const std::size_t at = warning.find(kWords);
  int quality = 0;
  if (at != std::string_view::npos)
    std::from_chars(warning.data() + at + kWords.size(), warning.data() + warning.size(), quality);
  return std::clamp(quality, 0, 100);
}

}  // namespace

LossyPictures lossy_pictures(const RunFiles& files) {
  LossyPictures result;
  for (const auto& [id, record] : files.samples) {
    if (record.kind != "quality" || !record.ok()) continue;
    ++result.of;
    int quality = 0;
    for (const std::string& warning : record.warnings)
      quality = std::max(quality, quality_in(warning));
    if (quality == 0) continue;
    result.lowest = result.jpegs == 0 ? quality : std::min(result.lowest, quality);
    result.highest = std::max(result.highest, quality);
    ++result.jpegs;
  }
  return result;
}

std::string told(const LossyPictures& pictures) {
  if (pictures.jpegs == 0) return "";
  const std::string quality = pictures.lowest == pictures.highest
                                  ? fmt::format("{}", pictures.lowest)
                                  : fmt::format("{} to {}", pictures.lowest, pictures.highest);
  return fmt::format(
      "{} of {} pictures {} (quality {} or so): a part of what differs is their compression",
      pictures.jpegs, pictures.of, pictures.jpegs == 1 ? "was a JPEG" : "were JPEGs", quality);
}

}  // namespace sameseed
