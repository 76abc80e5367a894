// Shards of one plan, made in folders of their own, joined into one run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sameseed {

// Fills `out` with the records, pictures and logs of the shards; returns what there is to say about
// them (how many samples are in no shard). Throws UserError where they do not fit together: another
// plan, another cohort, a folder named twice; or where `out` holds something else than an earlier
// merge.
std::vector<std::string> merge(const std::vector<std::filesystem::path>& shards,
                               const std::filesystem::path& out);

}  // namespace sameseed
