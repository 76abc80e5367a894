// Which pairs of a run are to be scored, and which of them can be now.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/plan/shard.h"

namespace sameseed {

struct WantedPair {
  std::string candidate, reference;  // cases
  bool mapped = false;               // with a heat map: the comparisons', which people look at
};

// Every pair of cases that the report of a plan asks for, once: those of the comparisons, each of
// their arms against the oracle, and the noise floor's. Of a shard every N-th.
std::vector<WantedPair> wanted_pairs(const nlohmann::json& plan,
                                     const std::optional<Shard>& shard = {});

// What of a sample's record its scores depend on, as a scorer is asked: {sample, case, files,
// hashes}.
nlohmann::json scored_part(const nlohmann::json& record);

// Names all that the scores of a pair are made of: the files of both samples, what they were made
// from, and what the metrics are (`metrics`: the hash in the scorer's own line). Equal keys are
// equal scores.
std::string score_key(const nlohmann::json& candidate, const nlohmann::json& reference,
                      const std::string& metrics);

// A case -> scored_part() of its picture that was made.
using MadePictures = std::map<std::string, nlohmann::json>;

// Pure. The key that the pair's scores would have now; nothing where a picture is not made yet.
std::optional<std::string> key_of(const WantedPair& pair, const MadePictures& made,
                                  const std::string& metrics);

}  // namespace sameseed
