#include "bench/sweep/shard_choice.h"

#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace sameseed {
namespace {

using nlohmann::json;

// What is chosen as a whole: a quality sample by itself, the samples of a block together.
using Group = std::vector<std::string>;

std::vector<Group> groups_of(const json& plan) {
  std::map<std::tuple<std::string, int>, std::size_t> block_at;
  std::vector<Group> groups;
  for (const json& sample : plan.at("samples")) {
    if (sample.at("kind") != "timing") {
      groups.push_back({sample.at("id")});
      continue;
    }
    const auto [found, fresh] = block_at.try_emplace(
        {sample.at("comparison").get<std::string>(), sample.at("block").get<int>()}, groups.size());
    if (fresh) groups.emplace_back();
    groups[found->second].push_back(sample.at("id"));
  }
  return groups;
}

// How good a shard's part of a group is; the larger the better. Nothing: it has none of it.
struct Worth {
  bool whole = false;     // all well, by one start
  std::size_t well = 0;   // samples
  std::size_t valid = 0;  // samples whose times count
  std::size_t there = 0;  // samples, failed ones as well
};

std::optional<std::pair<Worth, std::string>> worth_of(const ShardRecords& shard,
                                                      const Group& group) {
  Worth worth;
  std::set<std::string> starts;
  for (const std::string& sample : group) {
    const auto found = shard.find(sample);
    if (found == shard.end()) continue;
    const std::string outcome = found->second.at("outcome");
    ++worth.there;
    worth.well += outcome == "ok" || outcome == "unsupported";
    worth.valid += found->second.value("invalid", json::array()).empty();
    starts.insert(found->second.value("start", ""));
  }
  if (worth.there == 0) return std::nullopt;
  worth.whole = worth.well == group.size() && starts.size() == 1;
  return std::pair{worth, *starts.begin()};
}

bool is_better(const std::pair<Worth, std::string>& a, const std::pair<Worth, std::string>& b) {
  const auto of = [](const Worth& worth) {
    return std::tuple(worth.whole, worth.well, worth.there, worth.valid);
  };
  if (of(a.first) != of(b.first)) return of(a.first) > of(b.first);
  return a.second < b.second;
}

// Of the hashes that both have; empty: none differs.
std::string differing_hash(const json& one, const json& two) {
  for (const json* record : {&one, &two})
    if (record->value("outcome", "") != "ok") return "";
  const json ours = one.value("hashes", json::object()),
             theirs = two.value("hashes", json::object());
  for (const auto& [what, hash] : ours.items())
    if (hash.is_string() && theirs.value(what, json()).is_string() && theirs.at(what) != hash)
      return what;
  return "";
}

}  // namespace

std::vector<OtherResult> other_results(const std::vector<ShardRecords>& shards) {
  std::map<std::string, OtherResult> found;
  for (std::size_t two = 1; two < shards.size(); ++two)
    for (std::size_t one = 0; one < two; ++one)
      for (const auto& [sample, record] : shards[two]) {
        const auto other = shards[one].find(sample);
        if (other == shards[one].end()) continue;
        const std::string what = differing_hash(other->second, record);
        if (!what.empty()) found.try_emplace(sample, OtherResult{sample, what, one, two});
      }
  std::vector<OtherResult> list;
  for (auto& [sample, result] : found) list.push_back(std::move(result));
  return list;
}

ShardChoice choose_shards(const json& plan, const std::vector<ShardRecords>& shards) {
  ShardChoice choice;
  for (const Group& group : groups_of(plan)) {
    std::optional<std::pair<Worth, std::string>> best;
    std::size_t best_shard = 0;
    for (std::size_t i = 0; i < shards.size(); ++i) {
      const auto worth = worth_of(shards[i], group);
      if (!worth || (best && !is_better(*worth, *best))) continue;
      best = worth;
      best_shard = i;
    }
    if (!best) continue;
    for (const std::string& sample : group) {
      std::size_t have = 0;
      for (const ShardRecords& shard : shards) have += shard.contains(sample);
      choice.in_several += have > 1;
      if (shards[best_shard].contains(sample)) choice.shard_of[sample] = best_shard;
    }
  }
  return choice;
}

}  // namespace sameseed
