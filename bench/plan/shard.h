// How a plan is cut: into stretches that one slot makes in a row, and into shards for many
// machines.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

// Neighbouring samples of a plan that belong together: the pictures of one environment, or the
// timing blocks of one comparison.
struct Stretch {
  std::size_t first = 0, count = 0;
};

std::vector<Stretch> stretches(const nlohmann::json& plan);

// Which of how many: "2/3".
struct Shard {
  int index = 1, count = 1;
};
Shard parse_shard(const std::string& text);  // throws UserError

// The shard's stretches: a run of neighbours, cut where their costs come nearest to equal shares.
// Every stretch is in exactly one shard. `cost` is that of one sample, in any unit.
std::vector<Stretch> stretches_of(const Shard& shard, const std::vector<Stretch>& all,
                                  const std::function<double(std::size_t sample)>& cost);

}  // namespace sameseed
