#include "reports/run/scored_pair.h"

#include <fmt/format.h>

#include "reports/run/run_index.h"

namespace sameseed {
namespace {

constexpr const char* kWorstTile = "local.mse_tile_ratio";

Pictures pictures_of(const Pair& pair, const PairScores* scores, const RunIndex& run) {
  const auto image = [&](const std::string& case_id) {
    const SampleRecord* record = run.quality_record(case_id);
    return record && record->ok() ? fmt::format("images/{}.png", record->sample) : std::string();
  };
  Pictures pictures{.candidate = image(pair.candidate), .reference = image(pair.reference)};
  if (scores && !scores->candidate.empty() && !scores->reference.empty())
    pictures.map = fmt::format("maps/{}-{}.png", scores->candidate, scores->reference);
  return pictures;
}

}  // namespace

std::optional<double> ScoredPair::value(const std::string& metric) const {
  return number_in(values, metric);
}

std::vector<ScoredPair> scored_pairs(const std::vector<Pair>& pairs, const RunIndex& run) {
  std::vector<ScoredPair> list;
  for (const Pair& pair : pairs) {
    const PairScores* scores = run.scores(pair);
    ScoredPair entry{
        .pair = pair,
        .scored = scores != nullptr,
        .pictures = pictures_of(pair, scores, run),
        .repeat = repeat_command(run.files().folder, pair.candidate, pair.candidate + ".png")};
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
