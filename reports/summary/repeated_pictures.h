// Comparisons in which several pairs are the same pictures, to the byte and in both arms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reports/run/run_index.h"

namespace sameseed {

struct RepeatedPicture {
  std::string prompt;
  std::uint64_t seed = 0;
};

struct RepeatedPictures {
  std::string comparison, label;         // id; of the setting, and against what
  std::size_t pairs = 0, different = 0;  // planned, and those that are not another's pictures
  std::size_t prompts = 0;               // that count
  std::vector<std::vector<RepeatedPicture>> groups;
};

// Pure. Only the comparisons that have some.
std::vector<RepeatedPictures> repeated_pictures(const RunIndex& run);

// "pictures counted once: 9 of 12 pairs of deepcache 3/0/0 against reference repeat another's,
// ..."; empty where there is nothing to tell.
std::string told(const std::vector<RepeatedPictures>& repeated);

}  // namespace sameseed
