#include "bench/score/score_log.h"

#include <fmt/format.h>

#include "io/error.h"
#include "io/sha256.h"
#include "reports/run/line_types.h"

namespace sameseed {
namespace {

using nlohmann::json;

bool is_file(const std::filesystem::path& file, const json& hash) try {
  std::error_code none;
  return hash.is_string() && std::filesystem::is_regular_file(file, none) &&
         sha256_of_file(file) == hash;
} catch (const UserError&) {
  return false;
}

bool is_picture(const json& record) {
  return record.value("kind", "") == "quality" && record.value("outcome", "") == "ok";
}

}  // namespace

MadePictures read_made_pictures(const std::filesystem::path& run,
                                const std::function<bool(const std::string& sample)>& counts,
                                std::string& passed_over) {
  MadePictures made;
  const auto file = run / "records.jsonl";
  passed_over = for_each_record(file, [&](const json& record) {
                  if (record.value("type", "") == "sample" && is_picture(record) &&
                      counts(record.at("sample")))
                    made[record.at("case")] = scored_part(record);
                }).text(file);
  return made;
}

ScoreLog::ScoreLog(std::filesystem::path run) : run_(std::move(run)) {
  const auto file = run_ / "scores.jsonl";
  passed_over_ = for_each_score(file, [this](const json& line) { take(line); }).text(file);
}

void ScoreLog::take(const json& line) {
  const std::string type = line.at("type");
  if (type == "scorer") scorer_ = line;
  if (type != "pair") return;
  newest_.insert_or_assign(Cases{line.at("candidate_case"), line.at("reference_case")},
                           Newest{.key = line.value("key", ""),
                                  .refused = line.value("refused", ""),
                                  .map_file = fmt::format("{}-{}.png", line.value("candidate", ""),
                                                          line.value("reference", "")),
                                  .map = line.value("map", json())});
}

bool ScoreLog::has(const WantedPair& pair, const std::string& key) const {
  const auto found = newest_.find({pair.candidate, pair.reference});
  if (found == newest_.end()) return false;
  const Newest& newest = found->second;
  return newest.key == key && newest.refused.empty() &&
         (!pair.mapped || is_file(run_ / "maps" / newest.map_file, newest.map));
}

AppendLog& ScoreLog::log() {
  if (!log_) log_.emplace(run_ / "scores.jsonl");
  return *log_;
}

void ScoreLog::add_scorer(const json& scorer) {
  if (scorer == scorer_) return;
  log().append(scorer.dump());
  take(scorer);
}

void ScoreLog::add(const json& scorer, const json& line) {
  add_scorer(scorer);
  const std::string refused = line.value("refused", "");
  const auto found = newest_.find({line.at("candidate_case"), line.at("reference_case")});
  if (!refused.empty() && found != newest_.end() && found->second.refused == refused &&
      found->second.key == line.at("key"))
    return;
  log().append(line.dump());
  take(line);
}

void ScoreLog::flush() {
  if (log_) log_->flush();
}

std::pair<std::size_t, std::string> ScoreLog::refused() const {
  std::pair<std::size_t, std::string> result;
  for (const auto& [cases, newest] : newest_)
    if (!newest.refused.empty() && ++result.first == 1) result.second = newest.refused;
  return result;
}

}  // namespace sameseed
