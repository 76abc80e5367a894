#include "bench/plan/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "bench/plan/plan_index.h"
#include "bench/plan/timing_groups.h"
#include "io/error.h"

namespace sameseed {

using nlohmann::json;

std::vector<Stretch> stretches(const json& plan) {
  const PlanIndex index(plan);
  struct Place {
    std::string comparison;
    std::size_t group;
  };
  std::map<std::string, Place> places;  // of a comparison, or of the reference against itself
  const json none = json::array(), time_floor = plan.value("time_floor", none),
             comparisons = plan.value("comparisons", none);
  std::size_t number = 0;
  for (const TimingGroup& group : timing_groups(plan.at("cases"), comparisons, time_floor)) {
    const auto leads = std::ranges::find_if(group, [](const json* row) {
      return row->contains("kind");  // rows of the floor have none
    });
    for (const json* row : group)
      places[row->at("id")] = {row->contains("kind") ? row->at("id") : (*leads)->at("id"), number};
    ++number;
  }
  std::vector<Stretch> list;
  std::map<std::string, std::size_t> known;  // key -> its place in the list
  std::size_t at = 0;
  for (const json& sample : plan.at("samples")) {
    std::optional<std::size_t> group;
    std::string key;
    if (sample.at("kind") == "timing") {
      const Place& place = places.at(sample.at("comparison"));
      group = place.group;
      key = "timing " + place.comparison;
    } else {
      key = "quality " + index.case_of(sample).at("environment").get<std::string>();
    }
    const auto [found, is_new] = known.emplace(key, list.size());
    if (is_new) list.push_back({.samples = {}, .group = group});
    list[found->second].samples.push_back(at++);
  }
  return list;
}

std::vector<Stretch> in_rounds(std::vector<Stretch> list, std::size_t slots) {
  std::vector<Stretch> joined;
  std::size_t timed = 0;
  for (const Stretch& stretch : list) {
    if (!stretch.group || joined.empty() || joined.back().group != stretch.group) {
      joined.push_back(stretch);
      timed += stretch.group.has_value();
      continue;
    }
    std::vector<std::size_t>& samples = joined.back().samples;
    samples.insert(samples.end(), stretch.samples.begin(), stretch.samples.end());
    std::ranges::sort(samples);
  }
  return slots > 1 && timed < 2 * slots ? list : joined;
}

Shard parse_shard(const std::string& text) {
  Shard shard;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%5d/%5d%c", &shard.index, &shard.count, &rest) != 2 ||
      shard.index < 1 || shard.count < shard.index)
    throw UserError(fmt::format("--shard {}: must be I/N with I from 1 to N, such as 1/3", text));
  return shard;
}

std::vector<Stretch> stretches_of(const Shard& shard, const std::vector<Stretch>& all,
                                  const std::function<double(std::size_t sample)>& cost) {
  std::vector<double> costs;
  double total = 0;
  for (const Stretch& stretch : all) {
    double sum = 0;
    for (const std::size_t sample : stretch.samples) sum += cost(sample);
    costs.push_back(sum);
    total += sum;
  }
  std::vector<Stretch> mine;
  double before = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    // A stretch belongs to the share in which its middle lies.
    const double middle = total > 0
                              ? (before + costs[i] / 2) / total
                              : (static_cast<double>(i) + 0.5) / static_cast<double>(all.size());
    const int owner = std::min(shard.count, 1 + static_cast<int>(middle * shard.count));
    if (owner == shard.index) mine.push_back(all[i]);
    before += costs[i];
  }
  return mine;
}

}  // namespace sameseed
