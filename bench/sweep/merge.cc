#include "bench/sweep/merge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <set>

#include "bench/plan/plan_file.h"
#include "bench/plan/plan_index.h"
#include "bench/worker/content.h"
#include "io/error.h"
#include "io/files.h"
#include "io/json.h"

namespace sameseed {
namespace {

using nlohmann::json;

json cohort_of(const std::filesystem::path& run) {
  json cohort;
  for_each_json_line(run / "records.jsonl", [&](const json& record) {
    if (record.value("type", "") == "run") cohort = record.value("cohort", json());
  });
  return cohort;
}

void refuse_misfits(const std::vector<std::filesystem::path>& shards, const json& plan) {
  std::set<std::filesystem::path> seen;
  json cohort;
  const PlanIndex index(plan);
  RunContent content;
  for (const auto& shard : shards) {
    if (!seen.insert(std::filesystem::weakly_canonical(shard)).second)
      throw UserError(fmt::format("{}: is named twice", shard.string()));
    if (read_json(shard / "plan.json") != plan)
      throw UserError(fmt::format("{}: holds a run of another plan than {}", shard.string(),
                                  shards.front().string()));
    content.admit_records(shard, index);
    const json its_cohort = cohort_of(shard);
    if (its_cohort.is_null()) continue;  // it never started: its samples are missing
    if (cohort.is_null()) cohort = its_cohort;
    std::vector<std::string> differing;
    for (const auto& [field, value] : cohort.items())
      if (its_cohort.value(field, json()) != value)
        differing.push_back(fmt::format("{}: {} there, {} here", field, value.dump(),
                                        its_cohort.value(field, json()).dump()));
    if (!differing.empty())
      throw ContentChanged(fmt::format("{}: another cohort than the shards before it: {}",
                                       shard.string(), fmt::join(differing, "; ")));
  }
}

// A second name for the file where the file system can give one, else a copy.
void link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::remove(to);
  std::filesystem::create_hard_link(from, to, error);
  if (error) std::filesystem::copy_file(from, to);
}

}  // namespace

std::vector<std::string> merge(const std::vector<std::filesystem::path>& shards,
                               const std::filesystem::path& out) {
  const json plan = read_plan(shards.front());
  refuse_misfits(shards, plan);
  if (std::filesystem::exists(out / "plan.json") && !std::filesystem::exists(out / "merge.json"))
    throw UserError(
        fmt::format("{}: holds a run already; name another folder with --out", out.string()));

  json sources = json::array();
  std::string records;
  std::set<std::string> made;
  for (const auto& shard : shards) {
    sources.push_back(std::filesystem::absolute(shard).string());
    for_each_json_line(shard / "records.jsonl", [&](const json& record) {
      records += record.dump() + "\n";
      if (record.value("type", "") == "sample") made.insert(record.at("sample"));
    });
    for (const char* folder : {"images", "latents", "traces", "logs"}) {
      if (!std::filesystem::is_directory(shard / folder)) continue;
      std::filesystem::create_directories(out / folder);
      for (const auto& entry : std::filesystem::directory_iterator(shard / folder))
        link_or_copy(entry.path(), out / folder / entry.path().filename());
    }
  }
  write_file(out / "merge.json", json{{"shards", sources}}.dump(1) + "\n");
  for (const char* file :
       {"plan.json", "matrix.json", "gates.json", "baseline.json", "first_baseline.json"})
    if (std::filesystem::exists(shards.front() / file))
      write_file(out / file, read_file(shards.front() / file));
  write_file(out / "records.jsonl", records);

  std::vector<std::string> lines = {
      fmt::format("{}: {} shards joined", out.string(), shards.size())};
  std::size_t missing = 0;
  for (const json& sample : plan.at("samples"))
    missing += !made.contains(sample.at("id").get<std::string>());
  if (missing > 0)
    lines.push_back(
        fmt::format("{} of {} samples are in no shard: name the shard that is missing, "
                    "or finish it with `sameseed run ... --shard I/N`",
                    missing, plan.at("samples").size()));
  return lines;
}

}  // namespace sameseed
