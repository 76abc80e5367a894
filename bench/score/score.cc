#include "bench/score/score.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <opencv2/imgproc.hpp>
#include <set>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "io/png.h"
#include "metrics/broken.h"
#include "metrics/metric.h"
#include "metrics/self_test.h"
#include "metrics/tensors.h"
#include "metrics/traces.h"
#include "reports/summary/damage.h"

namespace sameseed {
namespace {

using nlohmann::json;
using Metrics = std::vector<std::unique_ptr<Metric>>;

struct CasePair {
  std::string candidate, reference;
  bool mapped;  // with a heat map: the comparisons', which people look at
};

constexpr const char* kMapped = "flip.mean";  // whose map is the heat map
constexpr const char* kTensors[] = {"latents", "prompt_embeds", "pooled_prompt_embeds"};

const char* word_for(Better better) {
  return better == Better::kHigher ? "higher" : better == Better::kLower ? "lower" : "nearer";
}

json describe(const Quantity& quantity, const Metric& metric) {
  json result = {{"name", quantity.name},
                 {"unit", quantity.unit},
                 {"better", word_for(quantity.better)},
                 {"definition", metric.definition()}};
  if (std::isfinite(quantity.identical))
    result["identical"] = quantity.identical;
  else
    result.update({{"identical", nullptr}, {"identical_nonfinite", "+inf"}});
  if (const std::string why = metric.unavailable(); !why.empty()) result["unavailable"] = why;
  return result;
}

json describe_all(const Metrics& metrics) {
  json list = json::array();
  for (const auto& metric : metrics)
    for (const Quantity& quantity : metric->quantities())
      list.push_back(describe(quantity, *metric));
  for (const char* tensor : kTensors)
    list.push_back(
        {{"name", fmt::format("{}.relative_l2", tensor)},
         {"unit", ""},
         {"better", "lower"},
         {"identical", 0},
         {"definition",
          "||candidate - reference|| / ||reference||, before any rounding to pictures"}});
  return list;
}

// JSON has no infinity: the value is null then, and a word stands beside it.
void put(json& scores, const std::string& name, double value) {
  scores["values"][name] = std::isfinite(value) ? json(value) : json();
  if (!std::isfinite(value))
    scores["nonfinite"][name] = std::isnan(value) ? "nan" : value > 0 ? "+inf" : "-inf";
}

cv::Mat mat_of(const Image& image) {
  return cv::Mat(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()))
      .clone();
}

json place_of(const Place& place) {
  return {{"x", place.x}, {"y", place.y}, {"width", place.width}, {"height", place.height}};
}

struct ScoredPair {
  json scores;  // the fields of a line of scores.jsonl
  Image map;    // the heat map
};

// Dark where the pictures look alike, bright where they do not.
Image heat_map(const cv::Mat& map) {
  cv::Mat levels, colours;
  map.convertTo(levels, CV_8U, 255);
  cv::applyColorMap(levels, colours, cv::COLORMAP_MAGMA);
  cv::cvtColor(colours, colours, cv::COLOR_BGR2RGB);
  const std::uint8_t* data = colours.ptr();
  return {colours.cols, colours.rows, {data, data + 3 * colours.total()}};
}

ScoredPair score_pictures(const Metrics& metrics, const std::filesystem::path& candidate,
                          const std::filesystem::path& reference) {
  const cv::Mat a = mat_of(read_png(candidate)), b = mat_of(read_png(reference));
  ScoredPair pair;
  pair.scores = {{"values", json::object()},
                 {"nonfinite", json::object()},
                 {"absent", json::object()},
                 {"places", json::object()},
                 {"broken", {{"candidate", broken_ways(a)}, {"reference", broken_ways(b)}}}};
  for (const auto& metric : metrics) {
    if (!metric->unavailable().empty()) continue;
    const Scores result = metric->score(a, b);
    const auto quantities = metric->quantities();
    for (std::size_t i = 0; i < quantities.size(); ++i) {
      if (!result.absent.empty())
        pair.scores["absent"][quantities[i].name] = result.absent;
      else
        put(pair.scores, quantities[i].name, result.values[i]);
    }
    for (const auto& [quantity, place] : result.places)
      pair.scores["places"][quantity] = place_of(place);
    if (quantities.front().name == kMapped) pair.map = heat_map(result.map);
  }
  return pair;
}

// What is not finite becomes null when it is written.
json score_traces(const std::filesystem::path& candidate, const std::filesystem::path& reference) {
  try {
    const TraceDifference difference =
        compare_traces(SafetensorsFile::open(candidate), SafetensorsFile::open(reference));
    json scores = {{"blocks", difference.blocks},
                   {"latents", difference.latents},
                   {"block_norms", difference.block_norms}};
    if (difference.nonfinite_from) scores["nonfinite_from"] = *difference.nonfinite_from;
    return scores;
  } catch (const UserError& error) {  // the pictures can be scored all the same
    return {{"refused", error.what()}};
  }
}

std::map<std::string, json> quality_records(const std::filesystem::path& run) {
  std::map<std::string, json> by_case;
  if (!std::filesystem::exists(run / "records.jsonl"))
    throw UserError((run / "records.jsonl").string() +
                    ": not there; run `sameseed generate` first");
  for_each_json_line(run / "records.jsonl", [&](const json& record) {
    if (record.value("type", "") == "sample" && record.value("kind", "") == "quality" &&
        record.value("outcome", "") == "ok")
      by_case[record.at("case")] = record;
  });
  return by_case;
}

// A quality record and the folder of its run.
struct Made {
  const std::filesystem::path& run;
  const json& record;

  std::filesystem::path file(const char* folder, const char* ending) const {
    return run / folder / (record.at("sample").get<std::string>() + ending);
  }
  bool has(const char* what) const { return record.value("files", json::object()).contains(what); }
};

// The scores of one pair, whose heat map it writes to `map` where that names a file; throws
// UserError where it cannot be scored.
json score_records(const Metrics& metrics, const Made& made, const Made& counterpart,
                   const std::filesystem::path& map) {
  const json &candidate = made.record, &reference = counterpart.record;
  for (const char* hash : {"noise", "token_ids"})
    if (candidate.at("hashes").at(hash) != reference.at("hashes").at(hash))
      throw UserError(fmt::format("the arms had different {}: {} and {}", hash,
                                  candidate.at("hashes").at(hash).dump(),
                                  reference.at("hashes").at(hash).dump()));
  const ScoredPair pair =
      score_pictures(metrics, made.file("images", ".png"), counterpart.file("images", ".png"));
  json scores = pair.scores;
  if (made.has("latents") && counterpart.has("latents")) {
    const auto a = SafetensorsFile::open(made.file("latents", ".safetensors"));
    const auto b = SafetensorsFile::open(counterpart.file("latents", ".safetensors"));
    for (const char* name : kTensors)
      if (a.tensors().contains(name) && b.tensors().contains(name))
        put(scores, fmt::format("{}.relative_l2", name),
            relative_l2(a.tensors().at(name), b.tensors().at(name)));
  } else {
    for (const char* name : kTensors)
      scores["absent"][fmt::format("{}.relative_l2", name)] = "an arm's engine has no latents";
  }
  if (made.has("trace") && counterpart.has("trace"))
    scores["trace"] = score_traces(made.file("traces", ".safetensors"),
                                   counterpart.file("traces", ".safetensors"));
  if (!map.empty()) write_png(map, pair.map);
  return scores;
}

// One line of scores.jsonl. A pair that cannot be scored (other noise, a picture that is gone) says
// why in its line; the others go on.
json score_or_refuse(const Metrics& metrics, const Made& made, const Made& counterpart,
                     bool mapped) {
  const json &candidate = made.record, &reference = counterpart.record;
  json line = {{"type", "pair"},
               {"candidate", candidate.at("sample")},
               {"reference", reference.at("sample")},
               {"candidate_case", candidate.at("case")},
               {"reference_case", reference.at("case")}};
  try {
    const auto map = made.run / "maps" /
                     fmt::format("{}-{}.png", candidate.at("sample").get<std::string>(),
                                 reference.at("sample").get<std::string>());
    line.update(score_records(metrics, made, counterpart, mapped ? map : std::filesystem::path()));
  } catch (const UserError& error) {
    line["refused"] = error.what();
  }
  return line;
}

// Every pair of cases that the report asks for, once: those of the comparisons, each of their arms
// against the oracle, and the noise floor's.
std::vector<CasePair> pairs_of(const json& plan) {
  std::vector<CasePair> list;
  std::set<std::pair<std::string, std::string>> seen;
  const auto add = [&](const json& candidate, const json& reference, bool mapped) {
    if (seen.emplace(candidate, reference).second) list.push_back({candidate, reference, mapped});
  };
  for (const json& comparison : plan.at("comparisons"))
    for (const json& pair : comparison.at("pairs")) {
      add(pair.at("candidate"), pair.at("reference"), true);
      if (!pair.contains("oracle")) continue;
      for (const char* arm : {"candidate", "reference"})
        add(pair.at(arm), pair.at("oracle"), false);
    }
  for (const json& row : plan.value("floor", json::array()))
    for (const json& pair : row.at("pairs")) add(pair.at("candidate"), pair.at("reference"), false);
  return list;
}

std::string scorer_line(const Metrics& metrics) {
  return json{{"type", "scorer"},
              {"schema", "sameseed/score/1"},
              {"self_test", "passed"},
              {"metrics", describe_all(metrics)}}
             .dump() +
         "\n";
}

}  // namespace

void score_run(const std::filesystem::path& run, const std::string& weights) {
  const json plan = read_json(run / "plan.json");
  const Metrics metrics = all_metrics(weights);
  self_test(metrics);
  const auto records = quality_records(run);
  std::string lines = scorer_line(metrics);
  for (const auto& [candidate, reference, mapped] : pairs_of(plan))
    if (records.contains(candidate) && records.contains(reference))
      lines += score_or_refuse(metrics, {run, records.at(candidate)}, {run, records.at(reference)},
                               mapped)
                   .dump() +
               "\n";
  write_file(run / "scores.jsonl", lines);
}

void score_across(const std::filesystem::path& pairs, const std::string& weights,
                  const std::filesystem::path& out) {
  const json asked = read_json(pairs);
  const std::filesystem::path a = asked.at("a").get<std::string>(),
                              b = asked.at("b").get<std::string>();
  const Metrics metrics = all_metrics(weights);
  self_test(metrics);
  const auto ours = quality_records(a), theirs = quality_records(b);
  std::string lines = scorer_line(metrics);
  for (const json& pair : asked.at("pairs")) {
    const auto first = ours.find(pair.at("a")), second = theirs.find(pair.at("b"));
    if (first != ours.end() && second != theirs.end())
      lines +=
          score_or_refuse(metrics, {b, second->second}, {a, first->second}, false).dump() + "\n";
  }
  write_file(out, lines);
}

json score_pair(const std::filesystem::path& reference, const std::filesystem::path& candidate,
                const std::string& weights, const std::filesystem::path& map) {
  const Metrics metrics = all_metrics(weights);
  self_test(metrics);
  json result = {{"schema", "sameseed/score-pair/1"},
                 {"reference", reference.string()},
                 {"candidate", candidate.string()}};
  const ScoredPair pair = score_pictures(metrics, candidate, reference);
  result.update(pair.scores);
  result["damage"] = damage_of(pair.scores);
  if (!map.empty()) write_png(map, pair.map);
  result["metrics"] = describe_all(metrics);
  return result;
}

}  // namespace sameseed
