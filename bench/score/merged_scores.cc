#include "bench/score/merged_scores.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/score/score_log.h"
#include "bench/sweep/merge.h"
#include "bench/sweep/run_lock.h"
#include "reports/run/line_types.h"

namespace sameseed {
namespace {

using nlohmann::json;

// A score counts where it is of the pictures that the joined run has.
void take_line(const std::filesystem::path& shard, const json& scorer, const json& line,
               const MadePictures& made, const std::filesystem::path& out, ScoreLog& log) {
  const WantedPair pair = {.candidate = line.at("candidate_case"),
                           .reference = line.at("reference_case"),
                           .mapped = line.contains("map")};
  const std::string key = line.value("key", "");
  if (key_of(pair, made, scorer.value("hash", "")) != key || line.contains("refused") ||
      log.has(pair, key))
    return;
  const std::string map =
      fmt::format("{}-{}.png", line.value("candidate", ""), line.value("reference", ""));
  std::error_code none;
  if (pair.mapped && std::filesystem::is_regular_file(shard / "maps" / map, none)) {
    std::filesystem::create_directories(out / "maps");
    link_or_copy(shard / "maps" / map, out / "maps" / map);
  }
  log.add(scorer, line);
}

}  // namespace

void merge_scores(const std::vector<std::filesystem::path>& shards,
                  const std::filesystem::path& out) {
  std::string told;  // by who joined the records
  const MadePictures made = read_made_pictures(
      out, [](const std::string&) { return true; }, told);
  ScoreLog log(out);
  for (const auto& shard : shards) {
    const ReadLock lock(shard);
    json scorer;
    for_each_score(shard / "scores.jsonl", [&](const json& line) {
      if (line.at("type") == "scorer") scorer = line;
      if (line.at("type") == "pair" && scorer.is_object())
        take_line(shard, scorer, line, made, out, log);
    });
  }
  log.flush();
}

}  // namespace sameseed
