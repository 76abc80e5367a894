#include "bench/sweep/merge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/plan/plan_difference.h"
#include "bench/plan/plan_file.h"
#include "bench/plan/plan_index.h"
#include "bench/sweep/run_lock.h"
#include "bench/sweep/sample_files.h"
#include "bench/sweep/shard_choice.h"
#include "bench/worker/content.h"
#include "io/error.h"
#include "io/files.h"
#include "io/input_file.h"
#include "reports/run/line_types.h"

namespace sameseed {
namespace {

using nlohmann::json;

// A shard as it lies there. Its lock is held, shared, while it is read.
struct OpenShard {
  std::filesystem::path folder;
  ReadLock lock;
  json cohort;               // of its newest start; null: it never started
  std::vector<json> others;  // its records that are of no sample
  ShardRecords samples;
  std::size_t gone = 0;  // samples whose files are not what their records say

  OpenShard(const std::filesystem::path& shard, std::vector<std::string>& lines)
      : folder(shard), lock(shard) {
    const auto records = shard / "records.jsonl";
    const PassedOver passed_over = for_each_record(records, [this](json record) {
      const std::string type = record.at("type");
      if (type == "run") cohort = record.value("cohort", json());
      if (type == "sample") {
        const std::string sample = record.at("sample");
        samples[sample] = std::move(record);
      } else {
        others.push_back(std::move(record));
      }
    });
    if (const std::string text = passed_over.text(records); !text.empty()) lines.push_back(text);
  }

  // Reads all of its pictures, so it comes after what is looked at sooner.
  void leave_out_what_is_gone() {
    gone = std::erase_if(samples, [this](const auto& one) {
      return one.second.at("outcome") == "ok" && !files_are_there(folder, one.second);
    });
  }
};

void refuse_misfits(const std::vector<std::unique_ptr<OpenShard>>& shards, const json& plan) {
  json cohort;
  const PlanIndex index(plan);
  RunContent content;
  for (const auto& shard : shards) {
    if (const json other = read_json(shard->folder / "plan.json"); other != plan) {
      const std::string difference = plan_difference(plan, other);
      throw UserError(fmt::format("{}: holds a run of another plan than {}{}",
                                  shard->folder.string(), shards.front()->folder.string(),
                                  difference.empty() ? "" : " (" + difference + ")"));
    }
    for (const json& record : shard->others)
      content.admit_record(record, index, shard->folder.string());
    if (shard->cohort.is_null()) continue;  // its samples are missing
    if (cohort.is_null()) cohort = shard->cohort;
    std::vector<std::string> differing;
    for (const auto& [field, value] : cohort.items())
      if (shard->cohort.value(field, json()) != value)
        differing.push_back(fmt::format("{}: {} there, {} here", field, value.dump(),
                                        shard->cohort.value(field, json()).dump()));
    if (!differing.empty())
      throw ContentChanged(fmt::format("{}: another cohort than the shards before it: {}",
                                       shard->folder.string(), fmt::join(differing, "; ")));
  }
}

// A picture of which there are two is not known: no verdict may depend on which is taken.
void refuse_other_results(const std::vector<std::unique_ptr<OpenShard>>& shards,
                          const std::vector<ShardRecords>& made) {
  const std::vector<OtherResult> found = other_results(made);
  if (found.empty()) return;
  std::string list;
  for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 3); ++i)
    list +=
        fmt::format("{}{} ({}; {} and {})", i > 0 ? ", " : "", found[i].sample, found[i].what,
                    shards[found[i].one]->folder.string(), shards[found[i].two]->folder.string());
  throw ContentChanged(
      fmt::format("{} samples that several shards made came out otherwise in one of them: {}{}; "
                  "name only the shard that is to count",
                  found.size(), list, found.size() > 3 ? ", ..." : ""));
}

// By which the joined run is judged: file -> the shard that has it. Throws where two differ.
std::map<std::string, std::filesystem::path> gates_of(
    const std::vector<std::filesystem::path>& folders, const std::filesystem::path& out,
    std::vector<std::string>& lines) {
  std::map<std::string, std::filesystem::path> found;
  for (const char* file : {"gates.json", "baseline.json", "first_baseline.json"}) {
    std::size_t have = 0;
    std::string content;
    for (const auto& folder : folders) {
      if (is_absent(folder / file)) continue;
      std::string here = read_file(folder / file);
      if (++have == 1) {
        found[file] = folder;
        content = std::move(here);
      } else if (here != content) {
        throw UserError(fmt::format(
            "{}: {} differs from that of {}, and the verdict would depend on which is taken; give "
            "every shard the same, or remove it from those where it is not to count",
            folder.string(), file, found.at(file).string()));
      }
    }
    if (have == 0 && !is_absent(out / file))
      lines.push_back(fmt::format("{}: stays as {} has it; no shard has one", file, out.string()));
    if (have > 0 && have < folders.size())
      lines.push_back(fmt::format("{}: of {}; {} of {} shards have none", file,
                                  found.at(file).string(), folders.size() - have, folders.size()));
  }
  return found;
}

void join_files(const std::filesystem::path& shard, const json& record,
                const std::filesystem::path& out) {
  if (record.at("outcome") != "ok") return;
  const json files = record.value("files", json::object());
  for (const auto& [kind, hash] : files.items())
    if (hash.is_string() && is_sample_file(kind))
      link_or_copy(sample_file(shard, kind, record.at("sample")),
                   sample_file(out, kind, record.at("sample")));
}

void join_logs(const OpenShard& shard, const std::filesystem::path& out) {
  std::error_code error;
  if (!std::filesystem::is_directory(shard.folder / "logs", error)) return;
  std::filesystem::create_directories(out / "logs");
  for (const auto& entry : std::filesystem::directory_iterator(shard.folder / "logs"))
    if (entry.symlink_status().type() == std::filesystem::file_type::regular)
      link_or_copy(entry.path(), out / "logs" / entry.path().filename());
}

// What the choice means, for people.
void tell(const ShardChoice& choice, const json& plan,
          const std::vector<std::unique_ptr<OpenShard>>& shards, std::vector<std::string>& lines) {
  if (choice.in_several > 0)
    lines.push_back(
        fmt::format("{} samples are in several shards: whole blocks were taken before cut ones, "
                    "samples that are well before failed ones, valid times before invalid ones",
                    choice.in_several));
  for (const auto& shard : shards)
    if (shard->gone > 0)
      lines.push_back(
          fmt::format("{}: the files of {} samples are gone or others than its records "
                      "say; `sameseed run ... --shard I/N` makes them again",
                      shard->folder.string(), shard->gone));
  const std::size_t planned = plan.at("samples").size(), made = choice.shard_of.size();
  if (made < planned)
    lines.push_back(
        fmt::format("{} of {} samples are in no shard: name the shard that is missing, "
                    "or finish it with `sameseed run ... --shard I/N`",
                    planned - made, planned));
}

}  // namespace

void link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  if (std::filesystem::equivalent(from, to, error)) return;
  const std::filesystem::path temporary = to.string() + ".joining";
  std::filesystem::remove(temporary, error);
  std::filesystem::create_hard_link(from, temporary, error);
  if (error) std::filesystem::copy_file(from, temporary, error);
  if (!error) std::filesystem::rename(temporary, to, error);
  if (!error) return;
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  const std::string why =
      fmt::format("{}: cannot be put in place: {}", to.string(), error.message());
  if (error == std::errc::no_space_on_device) throw DiskFull(why);
  throw UserError(why);
}

void refuse_same_folders(const std::vector<std::filesystem::path>& shards,
                         const std::filesystem::path& out) {
  std::error_code ignored;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    if (!std::filesystem::is_directory(shards[i], ignored))
      throw UserError(fmt::format("{}: no such folder", shards[i].string()));
    if (std::filesystem::equivalent(shards[i], out, ignored))
      throw UserError(fmt::format(
          "{}: is a shard and --out at once; name all shards of the plan, and a folder of its own "
          "for the joined run",
          shards[i].string()));
    for (std::size_t j = 0; j < i; ++j)
      if (std::filesystem::equivalent(shards[i], shards[j], ignored))
        throw UserError(fmt::format("{}: is named twice", shards[i].string()));
  }
}

std::vector<std::string> merge(const std::vector<std::filesystem::path>& folders,
                               const std::filesystem::path& out) {
  refuse_same_folders(folders, out);
  const json plan = read_plan(folders.front());
  std::vector<std::string> lines = {
      fmt::format("{}: {} shards joined", out.string(), folders.size())};
  std::vector<std::unique_ptr<OpenShard>> shards;
  for (const auto& folder : folders) shards.push_back(std::make_unique<OpenShard>(folder, lines));
  refuse_misfits(shards, plan);
  if (std::filesystem::exists(out / "plan.json") && !std::filesystem::exists(out / "merge.json"))
    throw UserError(
        fmt::format("{}: holds a run already; name another folder with --out", out.string()));

  const auto gates = gates_of(folders, out, lines);
  std::vector<ShardRecords> made;
  for (const auto& shard : shards) {
    shard->leave_out_what_is_gone();
    made.push_back(std::move(shard->samples));
  }
  refuse_other_results(shards, made);
  const ShardChoice choice = choose_shards(plan, made);
  prepare_sample_folders(out);
  json sources = json::array();
  std::string records;
  for (const auto& shard : shards) {
    sources.push_back(std::filesystem::absolute(shard->folder).string());
    for (const json& record : shard->others) records += record.dump() + "\n";
    join_logs(*shard, out);
  }
  for (const auto& [sample, shard] : choice.shard_of) {
    const json& record = made[shard].at(sample);
    records += record.dump() + "\n";
    join_files(shards[shard]->folder, record, out);
  }
  write_file(out / "merge.json", json{{"shards", sources}}.dump(1) + "\n");
  for (const char* file : {"plan.json", "matrix.json"})
    if (!is_absent(folders.front() / file))
      write_file(out / file, read_file(folders.front() / file));
  for (const auto& [file, shard] : gates) write_file(out / file, read_file(shard / file));
  write_file(out / "records.jsonl", records);
  AppendLog(out / "records.jsonl").flush();
  tell(choice, plan, shards, lines);
  return lines;
}

}  // namespace sameseed
