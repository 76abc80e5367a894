#include "reports/run/scored_pair.h"

#include <fmt/format.h>

namespace sameseed {
namespace {

constexpr const char* kWorstTile = "local.mse_tile_ratio";

Pictures pictures_of(const MadePair& pair) {
  const auto image = [](const SampleRecord* record) {
    return record && record->ok() ? fmt::format("images/{}.png", record->sample) : std::string();
  };
  Pictures pictures{.candidate = image(pair.candidate), .reference = image(pair.reference)};
  const PairScores* scores = pair.scores();
  if (scores && !scores->candidate.empty() && !scores->reference.empty())
    pictures.map = fmt::format("maps/{}-{}.png", scores->candidate, scores->reference);
  return pictures;
}

std::optional<bool> are_equal(const MadePair& pair, std::string SampleRecord::*hash) {
  if (!pair.candidate || !pair.reference || !pair.candidate->ok() || !pair.reference->ok())
    return std::nullopt;
  const std::string &ours = pair.candidate->*hash, &theirs = pair.reference->*hash;
  if (ours.empty() || theirs.empty()) return std::nullopt;
  return ours == theirs;
}

std::map<std::string, double> values_of(const PairScores* scores) {
  return scores ? scores->values : std::map<std::string, double>();
}

}  // namespace

std::optional<double> ScoredPair::value(const std::string& metric) const {
  return number_in(values, metric);
}

std::vector<ScoredPair> scored_pairs(const std::vector<MadePair>& pairs) {
  std::vector<ScoredPair> list;
  for (const MadePair& pair : pairs) {
    const PairScores* scores = pair.scores();
    ScoredPair entry{.pair = pair.planned,
                     .scored = scores != nullptr,
                     .candidate_to_oracle = values_of(pair.candidate_to_oracle),
                     .reference_to_oracle = values_of(pair.reference_to_oracle),
                     .equal_pictures = are_equal(pair, &SampleRecord::picture),
                     .equal_latents = are_equal(pair, &SampleRecord::latents),
                     .pictures = pictures_of(pair),
                     .repeat = pair.repeat};
    if (scores) {
      entry.values = scores->values;
      if (const auto place = scores->places.find(kWorstTile); place != scores->places.end())
        entry.worst_tile = place->second;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace sameseed
