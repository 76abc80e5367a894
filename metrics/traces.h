// How far two traces of a picture (latents and block norms of every step) are apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/safetensors.h"

namespace sameseed {

struct TraceDifference {
  std::vector<std::string> blocks;
  std::vector<double> latents;                   // a step each: ||candidate - ref|| / ||ref||
  std::vector<std::vector<double>> block_norms;  // [steps][blocks]: |candidate - ref| / ref; NaN
                                                 // where not both arms ran the block
  std::optional<std::size_t> nonfinite_from;     // the first step whose distance is not finite
};

// In double; 0 where both are equal. Throws UserError where the files are no traces, or of
// different steps, sizes or blocks.
TraceDifference compare_traces(const SafetensorsFile& candidate, const SafetensorsFile& reference);

}  // namespace sameseed
