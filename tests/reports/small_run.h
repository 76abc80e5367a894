// A run that fits on a page: the reference, and the accelerated engine with the convolution switch
// off and on; two seeds; two A B B A blocks of the setting that is on, or as many as are asked for.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/formats/json.h"
#include "reports/judge/verdict.h"
#include "reports/run/run_files.h"
#include "reports/run/run_index.h"
#include "reports/summary/summary.h"

namespace sameseed {

// A run's files as JSON, for tests to change; files_of() reads them as read_run() does.
struct RawRun {
  std::string folder;
  nlohmann::json plan;
  std::vector<nlohmann::json> starts;
  std::map<std::string, nlohmann::json> samples;  // sample id -> its record
  std::vector<nlohmann::json> workers;
  std::optional<nlohmann::json> scorer;
  std::map<std::pair<std::string, std::string>, nlohmann::json>
      scores;  // candidate case, reference case
};

inline RunFiles files_of(const RawRun& run) {
  RunFilesReader reader(run.folder, parse_run_plan(run.plan, run.folder + "/plan.json"));
  for (const nlohmann::json& start : run.starts) reader.take_record(start);
  for (const nlohmann::json& worker : run.workers) reader.take_record(worker);
  for (const auto& [id, record] : run.samples) reader.take_record(record);
  if (run.scorer) reader.take_score(*run.scorer);
  for (const auto& [cases, line] : run.scores) reader.take_score(line);
  return reader.finish();
}

inline Summary summary_of(const RawRun& run) {
  const RunFiles files = files_of(run);
  return summarize_run(RunIndex(files));
}

// report.json of the run, judged by these gates.
inline nlohmann::json report_of(const RawRun& run,
                                const std::optional<std::vector<Gate>>& gates = std::nullopt) {
  const Summary summary = summary_of(run);
  return report_json(summary, verdict_of(summary, gates));
}

inline constexpr const char* kConv = "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION";
inline const std::string kConvAxis = std::string("candidate.env.") + kConv;

inline nlohmann::json small_plan(int blocks = 2) {
  nlohmann::json plan = nlohmann::json::parse(R"({
    "schema": "sameseed/plan/2", "name": "small", "matrix_sha256": "m", "model": "/models/nano",
    "timing": {"warmup": 0, "blocks": 2, "prompts": 1},
    "axes": [{"name": "candidate.env.CONV", "values": [null, "0", "1"]}],
    "environments": [
      {"id": "er", "engine": "reference",   "variables": {"CONV": null}, "load": {"model": "/models/nano"}},
      {"id": "e0", "engine": "accelerated", "variables": {"CONV": "0"},  "load": {"model": "/models/nano"}},
      {"id": "e1", "engine": "accelerated", "variables": {"CONV": "1"},  "load": {"model": "/models/nano"}}],
    "cases": [
      {"id": "r-0", "environment": "er", "request": {"prompt": "a cat", "seed": 0}},
      {"id": "r-1", "environment": "er", "request": {"prompt": "a cat", "seed": 1}},
      {"id": "off-0", "environment": "e0", "request": {"prompt": "a cat", "seed": 0}},
      {"id": "off-1", "environment": "e0", "request": {"prompt": "a cat", "seed": 1}},
      {"id": "on-0", "environment": "e1", "request": {"prompt": "a cat", "seed": 0}},
      {"id": "on-1", "environment": "e1", "request": {"prompt": "a cat", "seed": 1}}],
    "comparisons": [
      {"id": "off~r", "kind": "reference", "setting": {"candidate.env.CONV": "0"}, "pairs": [
        {"candidate": "off-0", "reference": "r-0", "prompt": "a cat", "seed": 0},
        {"candidate": "off-1", "reference": "r-1", "prompt": "a cat", "seed": 1}]},
      {"id": "on~r", "kind": "reference", "setting": {"candidate.env.CONV": "1"}, "pairs": [
        {"candidate": "on-0", "reference": "r-0", "prompt": "a cat", "seed": 0},
        {"candidate": "on-1", "reference": "r-1", "prompt": "a cat", "seed": 1}]},
      {"id": "on~off", "kind": "switches_off", "setting": {"candidate.env.CONV": "1"}, "pairs": [
        {"candidate": "on-0", "reference": "off-0", "prompt": "a cat", "seed": 0},
        {"candidate": "on-1", "reference": "off-1", "prompt": "a cat", "seed": 1}]}],
    "excluded": [{"setting": {"candidate.env.CONV": null}, "because": "unset means 1"}],
    "samples": []})");
  for (const nlohmann::json& one : plan.at("cases"))
    plan["samples"].push_back({{"id", "q:" + one.at("id").get<std::string>()},
                               {"case", one.at("id")},
                               {"kind", "quality"},
                               {"comparison", nullptr},
                               {"block", 0},
                               {"position", 0},
                               {"arm", "candidate"}});
  for (int block = 0; block < blocks; ++block)
    for (int position = 0; position < 4; ++position) {
      const bool candidate = position == 1 || position == 2;
      plan["samples"].push_back(
          {{"id", "t:" + std::to_string(block) + ":" + std::to_string(position)},
           {"case", candidate ? "on-0" : "r-0"},
           {"kind", "timing"},
           {"comparison", "on~r"},
           {"block", block},
           {"position", position},
           {"arm", candidate ? "candidate" : "reference"}});
    }
  // The axis under its real name, which would not fit the lines above.
  const auto renamed = [](nlohmann::json& object, const char* from, const std::string& to) {
    object[to] = object.at(from);
    object.erase(from);
  };
  plan["axes"][0]["name"] = kConvAxis;
  for (nlohmann::json& one : plan["environments"]) renamed(one["variables"], "CONV", kConv);
  for (const char* list : {"comparisons", "excluded"})
    for (nlohmann::json& one : plan[list]) renamed(one["setting"], "candidate.env.CONV", kConvAxis);
  return plan;
}

// What the worker of a case answers: 10 convolutions an image, on the accumulator that its switch
// asks for. The candidate takes 80 ms, the reference 100 ms.
inline nlohmann::json good_record(nlohmann::json sample) {
  const std::string made = sample.at("case");
  const bool on = made.starts_with("on"), reference = made.starts_with("r");
  nlohmann::json read = {{"value", on ? "1" : "0"}, {"means", on ? "on" : "off"}};
  if (reference) read = {{"value", nullptr}, {"acts", false}, {"reason", "accelerated only"}};
  sample["type"] = "sample";
  sample["sample"] = sample.at("id");
  sample.erase("id");
  sample["outcome"] = "ok";
  sample["effective"] = {{kConv, read}};
  sample["engagement"] = {{"conv_half", on ? 10 : 0},
                          {"conv_float", on || reference ? 0 : 10},
                          {"steps_full", 2},
                          {"steps_partial", 0}};
  const double ms = reference ? 100 : 80;
  sample["timings_ms"] = {{"text", 10},
                          {"steps", {ms / 2 - 10, ms / 2 - 10}},
                          {"full", {true, true}},
                          {"decode", 10},
                          {"total", ms}};
  sample["hashes"] = {{"latents", made}};
  return sample;
}

inline nlohmann::json good_worker(const std::string& environment, double conv_error) {
  return {{"type", "worker"},
          {"worker", environment + "-1"},
          {"environment", environment},
          {"load",
           {{"versions", {{"libtorch", "2.11.0"}}},
            {"files", {{"unet", "/models/nano/unet.safetensors"}}},
            {"effective", {{kConv, {{"means", environment == "e1" ? "on" : "off"}}}}},
            {"engagement", {{"conv_error", conv_error}}}}},
          {"content",
           {{"files", {{"unet/unet.safetensors", "d1"}}}, {"program", nlohmann::json::object()}}}};
}

inline nlohmann::json pair_scores(const std::string& candidate, const std::string& reference,
                                  double psnr, double lpips) {
  return {{"type", "pair"},
          {"candidate", "q:" + candidate},
          {"reference", "q:" + reference},
          {"candidate_case", candidate},
          {"reference_case", reference},
          {"values", {{"psnr.rgb", psnr}, {"lpips.alex", lpips}}},
          {"nonfinite", nlohmann::json::object()}};
}

// Everything was made and scored, and nothing is wrong.
inline RawRun small_run(int blocks = 2) {
  RawRun run;
  run.folder = "runs/small";
  run.plan = small_plan(blocks);
  run.starts = {
      {{"type", "run"},
       {"schema", "sameseed/record/2"},
       {"started", "2026-11-24T07:00:00Z"},
       {"command", {"sameseed", "run"}},
       {"version", "0.1.0"},
       {"host", {{"cpu", "a cpu"}, {"cores", 2}}},
       {"cohort",
        {{"matrix", "m"}, {"host", {{"cpu", "a cpu"}}}, {"variables", nlohmann::json::object()}}}}};
  for (const nlohmann::json& sample : run.plan.at("samples"))
    run.samples[sample.at("id")] = good_record(sample);
  run.workers = {good_worker("er", 1e-7), good_worker("e0", 1e-7), good_worker("e1", 1e-3)};
  run.scorer = {{"type", "scorer"},
                {"schema", "sameseed/score/1"},
                {"self_test", "passed"},
                {"metrics",
                 {{{"name", "psnr.rgb"},
                   {"unit", "dB"},
                   {"better", "higher"},
                   {"identical", nullptr},
                   {"identical_nonfinite", "+inf"},
                   {"definition", "psnr of rgb"}},
                  {{"name", "lpips.alex"},
                   {"unit", ""},
                   {"better", "lower"},
                   {"identical", 0},
                   {"definition", "lpips v0.1"}}}}};
  for (const auto& [candidate, reference, psnr, lpips] : {std::tuple{"off-0", "r-0", 60.0, 0.01},
                                                          {"off-1", "r-1", 50.0, 0.02},
                                                          {"on-0", "r-0", 40.0, 0.1},
                                                          {"on-1", "r-1", 30.0, 0.3},
                                                          {"on-0", "off-0", 41.0, 0.1},
                                                          {"on-1", "off-1", 31.0, 0.2}})
    run.scores[{candidate, reference}] = pair_scores(candidate, reference, psnr, lpips);
  return run;
}

// Eight prompts a comparison: each of the small run's two pairs stands for four.
inline RawRun larger_run() {
  RawRun run = small_run();
  for (nlohmann::json& comparison : run.plan["comparisons"]) {
    const nlohmann::json pairs = comparison["pairs"];
    comparison["pairs"] = nlohmann::json::array();
    for (std::size_t i = 0; i < 8; ++i) {
      nlohmann::json pair = pairs[i % 2];
      pair["seed"] = i;
      pair["prompt"] = "cat " + std::to_string(i);
      comparison["pairs"].push_back(pair);
    }
  }
  return run;
}

}  // namespace sameseed
