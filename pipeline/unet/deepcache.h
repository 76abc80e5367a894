// DeepCache: which steps of an image run the whole UNet, and how much of it the others run.
// Semantics: onediffx's deep_cache
// (siliconflow/onediff:onediff_diffusers_extensions/onediffx/deep_cache).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

struct DeepCache {
  int interval = 1;              // every interval-th step is full; 1: all of them
  int layer = 0;                 // index of the down block
  int block = 0;                 // position in it
  bool helper_branch_0 = false;  // DeepCacheSDHelper's branch 0, one step shallower than 0/0
  bool quad_center = false;      // full steps gather around `center` instead of being uniform
  double center = 0, pow = 0;    // of the quad-centre schedule
  bool operator==(const DeepCache&) const = default;
};

// "3/0/0" (interval/layer/block), "3/branch:4" (the helper's numbering), either with
// "/quad:CENTER:POW" behind it. Throws UserError that lists the legal pairs.
DeepCache parse_deepcache(std::string_view text);

// The canonical spelling: parse_deepcache(to_string(d)) == d.
std::string to_string(const DeepCache& setting);

// Indices of the full steps among `steps` UNet calls, ascending; step 0 is always one.
std::vector<int> full_steps(const DeepCache& setting, int steps);

}  // namespace sameseed
