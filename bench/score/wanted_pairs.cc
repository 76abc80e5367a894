#include "bench/score/wanted_pairs.h"

#include <set>
#include <utility>

#include "bench/plan/cases.h"

namespace sameseed {

using nlohmann::json;

std::vector<WantedPair> wanted_pairs(const json& plan, const std::optional<Shard>& shard) {
  std::vector<WantedPair> list;
  std::set<std::pair<std::string, std::string>> seen;
  const auto add = [&](const json& candidate, const json& reference, bool mapped) {
    if (seen.emplace(candidate, reference).second) list.push_back({candidate, reference, mapped});
  };
  for (const json& comparison : plan.at("comparisons"))
    for (const json& pair : comparison.at("pairs")) {
      add(pair.at("candidate"), pair.at("reference"), true);
      if (!pair.contains("oracle")) continue;
      for (const char* arm : {"candidate", "reference"})
        add(pair.at(arm), pair.at("oracle"), false);
    }
  for (const json& row : plan.value("floor", json::array()))
    for (const json& pair : row.at("pairs")) add(pair.at("candidate"), pair.at("reference"), false);
  if (!shard) return list;
  std::vector<WantedPair> part;
  const auto count = static_cast<std::size_t>(shard->count);
  for (auto i = static_cast<std::size_t>(shard->index - 1); i < list.size(); i += count)
    part.push_back(std::move(list[i]));
  return part;
}

json scored_part(const json& record) {
  json hashes = json::object();
  const json all = record.value("hashes", json::object());
  for (const char* name : {"noise", "token_ids", "step_noise"})
    if (all.contains(name)) hashes[name] = all.at(name);
  return {{"sample", record.at("sample")},
          {"case", record.at("case")},
          {"files", record.value("files", json::object())},
          {"hashes", std::move(hashes)}};
}

std::string score_key(const json& candidate, const json& reference, const std::string& metrics) {
  json key = {{"metrics", metrics}};
  for (const auto& [side, part] : {std::pair{"candidate", &candidate}, {"reference", &reference}})
    key[side] = {{"files", part->at("files")}, {"hashes", part->at("hashes")}};
  return id_of(key);
}

std::optional<std::string> key_of(const WantedPair& pair, const MadePictures& made,
                                  const std::string& metrics) {
  const auto candidate = made.find(pair.candidate), reference = made.find(pair.reference);
  if (candidate == made.end() || reference == made.end()) return std::nullopt;
  return score_key(candidate->second, reference->second, metrics);
}

}  // namespace sameseed
