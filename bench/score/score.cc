#include "bench/score/score.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <utility>

#include "bench/score/pair_scores.h"
#include "io/error.h"
#include "io/files.h"
#include "io/input_file.h"
#include "io/png.h"
#include "io/sha256.h"
#include "metrics/self_test.h"
#include "reports/run/line_types.h"
#include "reports/run/run_files.h"
#include "reports/summary/damage.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kGivesWay = 10;  // niceness: a tenth of what others get, and all where none is

std::map<std::string, json> quality_records(const std::filesystem::path& run) {
  std::map<std::string, json> by_case;
  const auto records = run / "records.jsonl";
  if (is_absent(records))
    throw UserError(records.string() + ": not there; run `sameseed generate` first");
  const PassedOver passed_over = for_each_record(records, [&](const json& record) {
    if (record.value("type", "") == "sample" && record.value("kind", "") == "quality" &&
        record.value("outcome", "") == "ok")
      by_case[record.at("case")] = record;
  });
  if (const std::string text = passed_over.text(records); !text.empty())
    std::cerr << "sameseed-scorer: " << text << "\n";
  return by_case;
}

// A quality record and the folder of its run.
struct Made {
  const std::filesystem::path& run;
  const json& record;

  std::filesystem::path file(const char* folder, const char* ending) const {
    return run / folder / (record.at("sample").get<std::string>() + ending);
  }
  // Empty where its engine has none.
  std::filesystem::path latents() const {
    return has("latents") ? file("latents", ".safetensors") : std::filesystem::path();
  }
  bool has(const char* what) const { return record.value("files", json::object()).contains(what); }
  json hash(const char* what) const {
    return record.value("hashes", json::object()).value(what, json());
  }

  // Somebody may have put another file in its place, or a power loss may have emptied it.
  void refuse_other_files() const {
    const auto refuse = [&](const char* what, const std::filesystem::path& its_file) {
      const json recorded = record.value("files", json::object()).value(what, json());
      if (recorded.is_string() && sha256_of_file(its_file) != recorded)
        throw UserError(fmt::format(
            "{}: is not the file that was made (another SHA-256); `sameseed run` makes it again",
            its_file.string()));
    };
    refuse("image", file("images", ".png"));
    refuse("latents", file("latents", ".safetensors"));
    refuse("trace", file("traces", ".safetensors"));
  }
};

// The SHA-256 of the file that is written. A pair without its map is scored all the same: null
// then, with a warning.
json write_map(const std::filesystem::path& map, const Image& image,
               std::vector<std::string>& warnings) try {
  write_png(map, image);
  return sha256_of_file(map);
} catch (const DiskFull&) {
  throw;
} catch (const UserError& error) {
  warnings.emplace_back(error.what());
  return nullptr;
}

// Does it in a thread that gives way to other programs.
void in_the_background(const std::function<void()>& work) {
  std::async(std::launch::async, [&] {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kGivesWay);
    work();
  }).get();
}

// The scores of one pair, whose heat map it writes to `map` where that names a file; throws
// UserError where it cannot be scored.
json score_records(const Metrics& metrics, const Made& made, const Made& counterpart,
                   const std::filesystem::path& map, std::vector<std::string>& warnings) {
  for (const char* hash : {"noise", "token_ids"}) {
    const json ours = made.hash(hash), theirs = counterpart.hash(hash);
    if (ours != theirs)
      throw UserError(
          fmt::format("the arms had different {}: {} and {}", hash, ours.dump(), theirs.dump()));
  }
  // A sampler that adds no noise in its steps may stand beside one that does.
  const json steps = made.hash("step_noise"), others = counterpart.hash("step_noise");
  if (!steps.is_null() && !others.is_null() && steps != others)
    throw UserError(fmt::format("the arms' steps added different noise: {} and {}", steps.dump(),
                                others.dump()));
  for (const Made* one : {&made, &counterpart}) one->refuse_other_files();
  const PictureScores pair =
      score_pictures(metrics, made.file("images", ".png"), counterpart.file("images", ".png"));
  json scores = pair.scores;
  score_tensors(made.latents(), counterpart.latents(), scores);
  if (made.has("trace") && counterpart.has("trace"))
    scores["trace"] = score_traces(made.file("traces", ".safetensors"),
                                   counterpart.file("traces", ".safetensors"));
  if (!map.empty()) scores["map"] = write_map(map, pair.map, warnings);
  return scores;
}

// By its SHA-256: a picture that is made again has old scores no more.
json picture_of(const json& record) {
  return record.value("files", json::object()).value("image", json());
}

// One line of scores.jsonl. A pair that cannot be scored (other noise, a picture that is gone) says
// why in its line; the others go on.
json score_or_refuse(const Metrics& metrics, const Made& made, const Made& counterpart, bool mapped,
                     std::vector<std::string>& warnings) {
  const json &candidate = made.record, &reference = counterpart.record;
  json line = {
      {"type", "pair"},
      {"candidate", candidate.at("sample")},
      {"reference", reference.at("sample")},
      {"candidate_case", candidate.at("case")},
      {"reference_case", reference.at("case")},
      {"pictures", {{"candidate", picture_of(candidate)}, {"reference", picture_of(reference)}}}};
  try {
    const auto map = made.run / "maps" /
                     fmt::format("{}-{}.png", candidate.at("sample").get<std::string>(),
                                 reference.at("sample").get<std::string>());
    line.update(score_records(metrics, made, counterpart, mapped ? map : std::filesystem::path(),
                              warnings));
  } catch (const DiskFull&) {
    throw;
  } catch (const UserError& error) {
    line["refused"] = error.what();
  }
  return line;
}

// Of metrics that have passed their self-test.
json scorer_line(const Metrics& metrics) {
  json described = describe_all(metrics);
  const std::string hash = sha256(described.dump()).substr(0, 16);
  return {{"type", "scorer"},
          {"schema", "sameseed/score/1"},
          {"self_test", "passed"},
          {"hash", hash},
          {"metrics", std::move(described)}};
}

// Of the scores of one pair, as in scores.jsonl. `compression`: what a part of it comes from, or
// empty.
json damage_json(const json& scores, const std::string& compression) {
  const PairScores read = parse_pair_scores(scores);
  const auto damage =
      damage_of({.values = read.values, .places = read.places, .broken = read.broken});
  if (!damage) return nullptr;
  const bool told = compression.empty() || damage->kinds.front() == "none";
  return {{"kinds", damage->kinds},
          {"sentence", told ? damage->sentence : damage->sentence + "; " + compression}};
}

// scores.jsonl on its way. At its end it tells how many pairs have no scores: a refusal is no fault
// of the scorer, and ends nothing.
class ScoreLines {
 public:
  // Checks the metrics first.
  ScoreLines(const Metrics& metrics, const SignOfLife& sign_of_life) : sign_of_life_(sign_of_life) {
    self_test(metrics);
    sign_of_life_();
    text_ = scorer_line(metrics).dump() + "\n";
  }
  void add(const json& line) {
    if (line.contains("refused") && ++refused_ == 1) first_ = line.at("refused");
    text_ += line.dump() + "\n";
    sign_of_life_();
  }
  const std::string& text() const { return text_; }
  ~ScoreLines() {
    if (refused_ > 0)
      std::cerr << fmt::format("sameseed-scorer: pairs without scores: {}; the first: {}\n",
                               refused_, first_);
  }

 private:
  const SignOfLife& sign_of_life_;
  std::string text_;
  std::size_t refused_ = 0;
  std::string first_;
};

}  // namespace

PairScorer::PairScorer(std::filesystem::path run, std::string weights)
    : run_(std::move(run)), weights_(std::move(weights)) {}

json PairScorer::answer(const json& ask) {
  const std::string op = ask.value("op", "");
  if (op == "describe") {
    metrics_ = all_metrics(weights_);
    self_test(metrics_);
    return {{"scorer", scorer_line(metrics_)}};
  }
  if (op != "score" || metrics_.empty())
    throw UserError(fmt::format("op \"{}\": must be describe, and then score", op));
  json line;
  std::vector<std::string> warnings;
  const auto score = [&] {
    line = score_or_refuse(metrics_, {run_, ask.at("candidate")}, {run_, ask.at("reference")},
                           ask.at("mapped"), warnings);
  };
  if (ask.value("beside", false))
    in_the_background(score);
  else
    score();
  return {{"id", ask.at("id")}, {"pair", line}, {"warnings", warnings}};
}

void score_across(const std::filesystem::path& pairs, const std::string& weights,
                  const std::filesystem::path& out, const SignOfLife& sign_of_life) {
  const json request = read_json(pairs);
  const std::filesystem::path a = request.at("a").get<std::string>(),
                              b = request.at("b").get<std::string>();
  const Metrics metrics = all_metrics(weights);
  ScoreLines lines(metrics, sign_of_life);
  std::vector<std::string> none;  // no map is written
  const auto ours = quality_records(a), theirs = quality_records(b);
  for (const json& pair : request.at("pairs")) {
    const auto first = ours.find(pair.at("a")), second = theirs.find(pair.at("b"));
    if (first != ours.end() && second != theirs.end())
      lines.add(score_or_refuse(metrics, {b, second->second}, {a, first->second}, false, none));
  }
  write_file(out, lines.text());
}

json score_pair(const std::filesystem::path& reference, const std::filesystem::path& candidate,
                const std::string& weights, const std::filesystem::path& map,
                const SignOfLife& sign_of_life) {
  const Metrics metrics = all_metrics(weights);
  self_test(metrics);
  sign_of_life();
  json result = {{"schema", "sameseed/score-pair/1"},
                 {"reference", reference.string()},
                 {"candidate", candidate.string()}};
  const PictureScores pair = score_pictures(metrics, candidate, reference);
  result.update(pair.scores);
  result["damage"] = damage_json(pair.scores, pair.compression);
  if (!pair.compression.empty()) result["compression"] = pair.compression;
  if (!map.empty()) write_png(map, pair.map);
  result["metrics"] = describe_all(metrics);
  return result;
}

}  // namespace sameseed
