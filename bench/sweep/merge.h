// Shards of one plan, made in folders of their own, joined into one run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sameseed {

// Throws UserError where a shard is not there, is named twice or is `out`, whatever its path looks
// like: before anything is touched.
void refuse_same_folders(const std::vector<std::filesystem::path>& shards,
                         const std::filesystem::path& out);

// Fills `out` with the records, pictures and logs of the shards, which stay as they are; returns
// what there is to say about them (how many samples are in no shard). Of samples that several
// shards have it takes the better (shard_choice.h). Throws UserError where shards do not fit
// together (another plan, another cohort), where one is being worked on, or where `out` holds
// something else than an earlier merge.
std::vector<std::string> merge(const std::vector<std::filesystem::path>& shards,
                               const std::filesystem::path& out);

// A second name for the file where the file system can give one, else a copy. It takes its place by
// a rename, so that there is always a whole file. Throws DiskFull and UserError.
void link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace sameseed
