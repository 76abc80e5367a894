#include "reports/summary/damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/summary/damage_rules.h"
#include "reports/summary/damage_words.h"

namespace sameseed {
namespace {

// Pairs of the same kinds.
struct Group {
  std::vector<std::string> kinds;
  std::vector<const DamageEvidence*> pairs;
};

// Broken pictures first, then by the number of pairs.
std::vector<Group> groups_of(const std::vector<DamageEvidence>& pairs) {
  std::vector<Group> groups;
  for (const DamageEvidence& pair : pairs) {
    std::vector<std::string> kinds = damage_kinds(pair);
    if (kinds.empty()) continue;
    auto found = std::ranges::find(groups, kinds, &Group::kinds);
    if (found == groups.end())
      found = groups.insert(groups.end(), Group{.kinds = std::move(kinds), .pairs = {}});
    found->pairs.push_back(&pair);
  }
  const auto rank = [](const Group& group) {
    return std::pair(group.kinds.front() != "broken", -static_cast<long>(group.pairs.size()));
  };
  std::ranges::stable_sort(groups, {}, rank);
  return groups;
}

}  // namespace

std::optional<Damage> damage_of(const DamageEvidence& scores) {
  std::vector<std::string> kinds = damage_kinds(scores);
  if (kinds.empty()) return std::nullopt;
  std::string sentence = damage_sentence(kinds, {&scores});
  return Damage{.kinds = std::move(kinds), .sentence = std::move(sentence)};
}

std::optional<Damage> damage_of(const std::vector<DamageEvidence>& pairs) {
  const std::vector<Group> groups = groups_of(pairs);
  if (groups.empty()) return std::nullopt;
  Damage damage;
  for (const Group& group : groups) {
    for (const std::string& kind : group.kinds)
      if (std::ranges::find(damage.kinds, kind) == damage.kinds.end()) damage.kinds.push_back(kind);
    damage.sentence += damage.sentence.empty()
                           ? fmt::format("{} of {} pairs: ", group.pairs.size(), pairs.size())
                           : fmt::format(", {}: ", group.pairs.size());
    damage.sentence += damage_sentence(group.kinds, group.pairs);
  }
  return damage;
}

}  // namespace sameseed
