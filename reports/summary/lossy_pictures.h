// Pictures that were JPEGs before they came into the run: a part of what differs is not the arm's.
#pragma once

#include <cstddef>
#include <string>

#include "reports/run/run_files.h"

namespace sameseed {

struct LossyPictures {
  std::size_t of = 0, jpegs = 0;  // pictures that were made, and those of them that were JPEGs
  int lowest = 0, highest = 0;    // their quality, 1 to 100, as near as their tables tell
};

// Pure. By what workers warned of.
LossyPictures lossy_pictures(const RunFiles& files);

// "6 of 12 pictures were JPEGs (quality 75 to 95 or so): a part of what differs is their
// compression"; empty where none was.
std::string told(const LossyPictures& pictures);

}  // namespace sameseed
