// Pairs with their scores and pictures.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/made_comparison.h"

namespace sameseed {

// Paths in the run's folder; empty: not made, or no map.
struct Pictures {
  std::string candidate, reference, map;
};

struct ScoredPair {
  Pair pair;
  bool scored = false;
  std::map<std::string, double> values = {};  // by metric; may be infinite or NaN
  // The same of each arm against the oracle; empty: none, or not scored.
  std::map<std::string, double> candidate_to_oracle = {}, reference_to_oracle = {};
  // Whether both arms' are equal to the byte; nothing where a hash is not recorded.
  std::optional<bool> equal_pictures = {}, equal_latents = {};
  Pictures pictures = {};
  std::optional<PicturePlace> worst_tile = {};  // where the squared error is largest
  std::string repeat = {};                      // the command that makes the candidate again

  // May be infinite; nothing where there is no number.
  std::optional<double> value(const std::string& metric) const;
};

std::vector<ScoredPair> scored_pairs(const std::vector<MadePair>& pairs);

}  // namespace sameseed
