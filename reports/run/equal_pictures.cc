#include "reports/run/equal_pictures.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sameseed {

std::vector<std::vector<std::size_t>> equal_pictures(const std::vector<Pair>& pairs,
                                                     const PictureHashes& pictures) {
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto ours = pictures.find(pairs[i].candidate), theirs = pictures.find(pairs[i].reference);
    if (ours != pictures.end() && theirs != pictures.end())
      places[{ours->second, theirs->second}].push_back(i);
  }
  std::vector<std::vector<std::size_t>> groups;
  for (auto& [hashes, group] : places)
    if (group.size() > 1) groups.push_back(std::move(group));
  std::ranges::sort(groups);
  return groups;
}

void note_equal_pictures(std::vector<Pair>& pairs, const PictureHashes& pictures) {
  const auto groups = equal_pictures(pairs, pictures);
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& group : groups) {
      std::set<std::string> names;
      for (const std::size_t place : group) names.insert(pairs[place].observation());
      const std::string least = *names.begin();
      for (Pair& pair : pairs)
        if (names.contains(pair.observation()) && pair.observation() != least) {
          pair.same_as = least;
          changed = true;
        }
    }
  }
}

}  // namespace sameseed
