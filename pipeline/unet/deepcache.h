// DeepCache: which steps of an image run the whole UNet, and how much of it the others run.
// Semantics: onediffx's deep_cache
// (siliconflow/onediff:onediff_diffusers_extensions/onediffx/deep_cache).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

struct DeepCache {
  int interval = 1;  // every interval-th step is full; 1: all of them
  int layer = 0;     // index of the down block
  int block = 0;     // position in it
  // DeepCacheSDHelper's numbering, where that was written: 0 is one step shallower than 0/0, K > 0
  // is 3 layer + block + 1; and its way to count steps (full_steps).
  std::optional<int> branch = {};
  bool quad_center = false;    // full steps gather around `center` instead of being uniform
  double center = 0, pow = 0;  // of the quad-centre schedule
  bool operator==(const DeepCache&) const = default;
};

// "3/0/0" (interval/layer/block), "3/branch:4" (as DeepCacheSDHelper), either with
// "/quad:CENTER:POW" behind it. Throws UserError that lists the legal pairs.
DeepCache parse_deepcache(std::string_view text);

// The canonical spelling: parse_deepcache(to_string(d)) == d.
std::string to_string(const DeepCache& setting);

// Indices of the full ones among the evaluations of the UNet, ascending; the first is always one.
// `timesteps`: of each evaluation; a sampler of second order has more of them than `steps`. Of
// those behind the `steps` first onediffx makes none a full one. DeepCacheSDHelper (PyPI DeepCache
// 0.1.1, DeepCache/extension/deepcache.py) knows a call by its timestep, so equal ones count as the
// first of them.
std::vector<int> full_steps(const DeepCache& setting, int steps,
                            const std::vector<double>& timesteps);

}  // namespace sameseed
