// Which shard's record of a sample a joined run takes, where several have one.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

// Sample -> its newest record in one shard, less those whose files are gone.
using ShardRecords = std::map<std::string, nlohmann::json>;

struct ShardChoice {
  std::map<std::string, std::size_t> shard_of;  // sample -> the shard whose record counts
  std::size_t in_several = 0;                   // samples that more than one shard has
};

// A well-made sample beats a failed one, a block that one start made whole beats a cut one, and
// valid times beat those of a throttled or shared device; else the earlier start's counts, so that
// the order of the shards does not matter. Whatever is taken of a block is taken from one shard.
ShardChoice choose_shards(const nlohmann::json& plan, const std::vector<ShardRecords>& shards);

// A sample that two shards made well, and of which something came out otherwise in one of them.
struct OtherResult {
  std::string sample;
  std::string what;              // "image", "latents", ...
  std::size_t one = 0, two = 0;  // shards
};

// Each such sample once, in the order of their names.
std::vector<OtherResult> other_results(const std::vector<ShardRecords>& shards);

}  // namespace sameseed
