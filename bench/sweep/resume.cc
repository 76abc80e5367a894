#include "bench/sweep/resume.h"

#include <map>
#include <utility>

#include "bench/plan/plan_index.h"
#include "bench/sweep/sample_files.h"
#include "reports/run/line_types.h"

namespace sameseed {
namespace {

using nlohmann::json;

// What the newest record of a sample says.
struct Newest {
  std::string outcome, start;
  double wall_ms = 0;
  json files;  // {"sample", "files"}: its pictures, which are looked at once
  bool is_well() const { return outcome == "ok" || outcome == "unsupported"; }
};
using NewestRecords = std::map<std::string, Newest>;  // by sample

// Its times are invalid, and it was made for nothing else.
bool is_invalid_timing(const json& record) {
  return record.value("kind", "") == "timing" && !record.value("invalid", json::array()).empty();
}

NewestRecords read_newest(const std::filesystem::path& run, std::string& passed_over) {
  NewestRecords records;
  const auto file = run / "records.jsonl";
  passed_over = for_each_record(file, [&](const json& record) {
                  if (record.value("type", "") != "sample") return;
                  Newest& newest = records[record.at("sample")];
                  newest = {record.at("outcome"),
                            record.value("start", "?"),
                            record.value("wall_ms", 0.0),
                            {{"sample", record.at("sample")},
                             {"files", record.value("files", json::object())}}};
                  if (newest.outcome == "ok" && is_invalid_timing(record))
                    newest.outcome = "invalid";
                }).text(file);
  for (auto& [sample, newest] : records)
    if (newest.outcome == "ok" && !files_are_there(run, newest.files))
      newest.outcome = "files are gone";
  return records;
}

// The record of a sample that came out well, or null.
const Newest* find_well(const NewestRecords& records, const json& sample) {
  const auto found = records.find(sample.at("id"));
  return found != records.end() && found->second.is_well() ? &found->second : nullptr;
}

using Block = std::pair<std::string, int>;

Block block_of(const json& sample) { return {sample.at("comparison"), sample.at("block")}; }

// The timing blocks of which one start of the program made every sample.
std::set<Block> whole_blocks(const json& plan, const NewestRecords& records) {
  std::map<Block, std::set<std::string>> starts;  // "" where a sample is missing
  for (const json& sample : plan.at("samples"))
    if (sample.at("kind") == "timing") {
      const Newest* well = find_well(records, sample);
      starts[block_of(sample)].insert(well ? well->start : "");
    }
  std::set<Block> whole;
  for (const auto& [block, made_by] : starts)
    if (made_by.size() == 1 && !made_by.contains("")) whole.insert(block);
  return whole;
}

}  // namespace

MadeBefore read_made_before(const std::filesystem::path& run, const json& plan) {
  MadeBefore made;
  const NewestRecords records = read_newest(run, made.passed_over);
  const std::set<Block> whole = whole_blocks(plan, records);
  const PlanIndex index(plan);
  for (const json& sample : plan.at("samples")) {
    const Newest* well = find_well(records, sample);
    if (!well) continue;
    if (sample.at("kind") == "timing" && !whole.contains(block_of(sample))) continue;
    made.finished.insert(sample.at("id"));
    if (well->outcome == "ok")
      made.times.push_back({index.case_of(sample).at("environment"),
                            std::chrono::milliseconds(static_cast<std::int64_t>(well->wall_ms))});
  }
  return made;
}

}  // namespace sameseed
