// The scores of shards that are joined.
#pragma once

#include <filesystem>
#include <vector>

namespace sameseed {

// Adds to OUT/scores.jsonl, and to OUT/maps/, what shards have scored of the pictures that OUT's
// records name, and OUT has not. The caller holds OUT's RunLock. Throws DiskFull and UserError.
void merge_scores(const std::vector<std::filesystem::path>& shards,
                  const std::filesystem::path& out);

}  // namespace sameseed
