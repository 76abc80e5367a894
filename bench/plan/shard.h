// How a plan is cut: into stretches that one slot makes in a row, and into shards for many
// machines.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sameseed {

// Samples of a plan that belong together: the pictures of one environment, or the timing blocks of
// one comparison, the first of a group with those of the reference against itself.
struct Stretch {
  std::vector<std::size_t> samples;       // their places in the plan, ascending
  std::optional<std::size_t> group = {};  // of comparisons that are timed in rounds
};

std::vector<Stretch> stretches(const nlohmann::json& plan);

// Neighbours of one group as one stretch: a slot makes them in rounds. Where that would leave fewer
// than two stretches with times for each of `slots`, they stay apart, so that each slot has work.
std::vector<Stretch> in_rounds(std::vector<Stretch> list, std::size_t slots);

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
