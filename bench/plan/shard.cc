#include "bench/plan/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench/plan/plan_index.h"
#include "io/error.h"

namespace sameseed {

using nlohmann::json;

std::vector<Stretch> stretches(const json& plan) {
  const PlanIndex index(plan);
  std::vector<Stretch> list;
  std::string last;
  std::size_t at = 0;
  for (const json& sample : plan.at("samples")) {
    const std::string key =
        sample.at("kind") == "timing"
            ? "timing " + sample.at("comparison").get<std::string>()
            : "quality " + index.case_of(sample).at("environment").get<std::string>();
    if (list.empty() || key != last) list.push_back({at, 0});
    last = key;
    ++list.back().count;
    ++at;
  }
  return list;
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
    for (std::size_t i = 0; i < stretch.count; ++i) sum += cost(stretch.first + i);
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
