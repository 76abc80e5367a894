// Two runs of one sweep, made by a seeded generator: equal ones, slower ones, worse ones.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "reports/compare/compare.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kBlocks = 8;

// What of a synthetic run is planted.
struct Planted {
  std::uint64_t noise = 1;  // seed of all that varies from run to run
  double slower = 1;        // factor on every time
  double megahertz = 1980;  // SM clock; times are those of so many cycles
  double clock_noise = 0;   // of its readings, not of the clock
  double on_slower = 1;     // factor on the times of the setting with the switch on
  int clocked = 4;          // of the four samples of a block, so many tell the clock
  double delta_e = 0;       // added to the candidate's with the switch on
  double lpips_of_on = 0;   // added to what the switch costs
  double on_worse = 1;      // factor on its losses, each pair's by its own: sd of the log 0.25
  double score_noise = 0.03;
  int prompts = 12, seeds = 1;
  std::string driver = "580.95";
  std::string libtorch = "2.11.0", cudnn = "91900";  // as the workers tell; empty: they do not
  std::string lpips_by = "";                         // the library that computed it
};

// small_run() with 12 prompts, 8 blocks a setting, a GPU, floors, and noise on every score and
// time: 3 % of a loss, 0.5 % of a time (a quiet GPU's spread from block to block).
inline RawRun synthetic_run(const Planted& planted) {
  RawRun run = small_run();
  json& plan = run.plan;
  plan["cases"] = plan["samples"] = plan["comparisons"] = json::array();
  run.samples.clear();
  run.scores.clear();
  std::mt19937_64 random(planted.noise);
  std::normal_distribution<double> normal;
  json pairs_off = json::array(), pairs_on = json::array(), pairs_onoff = json::array(),
       floor_candidate = json::array(), floor_reference = json::array();
  const auto prompt_of = [&](int i) { return "cat " + std::to_string(i / planted.seeds); };
  const auto pair = [&](const std::string& candidate, const std::string& reference, int i) {
    return json{{"candidate", candidate},
                {"reference", reference},
                {"prompt", prompt_of(i)},
                {"seed", i % planted.seeds}};
  };
  const auto score = [&](const std::string& candidate, const std::string& reference, double lpips,
                         double delta_e) {
    json line =
        pair_scores(candidate, reference, 40, lpips * (1 + planted.score_noise * normal(random)));
    line["values"]["color.delta_e_mean"] = delta_e * (1 + planted.score_noise * normal(random));
    run.scores[{candidate, reference}] = line;
  };
  for (int seed = 0; seed < planted.prompts * planted.seeds; ++seed) {
    const std::string s = "-" + std::to_string(seed);
    for (const auto& [name, environment] :
         {std::pair{"r", "er"}, {"off", "e0"}, {"on", "e1"}, {"r2", "er"}, {"off2", "e0"}})
      plan["cases"].push_back(
          {{"id", name + s},
           {"environment", environment},
           {"request", {{"prompt", prompt_of(seed)}, {"seed", seed % planted.seeds}}}});
    pairs_off.push_back(pair("off" + s, "r" + s, seed));
    pairs_on.push_back(pair("on" + s, "r" + s, seed));
    pairs_onoff.push_back(pair("on" + s, "off" + s, seed));
    floor_candidate.push_back(pair("off2" + s, "off" + s, seed));
    floor_reference.push_back(pair("r2" + s, "r" + s, seed));
    // How hard the picture is: of no run.
    const double prompt = 1 + 0.3 * std::sin(seed / planted.seeds);
    const double worse =
        planted.on_worse == 1 ? 1 : planted.on_worse * std::exp(0.25 * normal(random));
    score("off" + s, "r" + s, 0.02 * prompt, 0.3 * prompt);
    score("on" + s, "r" + s, 0.1 * prompt * worse + planted.lpips_of_on,
          0.8 * prompt * worse + planted.delta_e);
    score("on" + s, "off" + s, 0.09 * prompt + planted.lpips_of_on, 0.7 * prompt + planted.delta_e);
    score("off2" + s, "off" + s, 0.001, 0.02);
    score("r2" + s, "r" + s, 0.001, 0.02);
  }
  const auto comparison = [](const char* id, const char* kind, const char* value, json pairs) {
    return json{{"id", id}, {"kind", kind}, {"setting", {{kConvAxis, value}}}, {"pairs", pairs}};
  };
  plan["comparisons"] = {comparison("off~r", "reference", "0", pairs_off),
                         comparison("on~r", "reference", "1", pairs_on),
                         comparison("on~off", "switches_off", "1", pairs_onoff)};
  plan["floor"] = {
      {{"id", "fc"}, {"arm", "candidate"}, {"kind", "second process"}, {"pairs", floor_candidate}},
      {{"id", "fr"}, {"arm", "reference"}, {"kind", "second process"}, {"pairs", floor_reference}}};
  const auto sample = [&](const json& planned, double ms) {
    json record = good_record(planned);
    const std::string made = planned.at("case");
    const int i = std::stoi(made.substr(made.find('-') + 1));
    record["hashes"]["noise"] = "noise of " + std::to_string(i % planted.seeds);
    record["hashes"]["token_ids"] = "tokens of " + prompt_of(i);
    record["engagement"]["choices"] = {
        {"conv 3x3", {{"algorithm", "engine of " + planted.driver}}}};
    if (planned.at("position") < planted.clocked)
      record["device"] = {
          {"after", {{"sm_mhz", planted.megahertz * (1 + planted.clock_noise * normal(random))}}}};
    for (const char* name : {"total", "decode"}) record["timings_ms"][name] = ms;
    record["timings_ms"]["steps"] = {ms, ms};
    run.samples[planned.at("id")] = record;
    plan["samples"].push_back(planned);
  };
  for (const json& one : plan.at("cases"))
    sample({{"id", "q:" + one.at("id").get<std::string>()},
            {"case", one.at("id")},
            {"kind", "quality"},
            {"comparison", nullptr},
            {"block", 0},
            {"position", 0},
            {"arm", "candidate"}},
           90);
  for (const auto& [id, name, ms] : {std::tuple{"off~r", "off-0", 90.0}, {"on~r", "on-0", 80.0}})
    for (int block = 0; block < kBlocks; ++block)
      for (int position = 0; position < 4; ++position) {
        const bool candidate = position == 1 || position == 2;
        const double cycles = (candidate ? ms : 100.0) * (1 + 0.005 * normal(random));
        sample(
            {{"id", id + std::string(":") + std::to_string(block) + ":" + std::to_string(position)},
             {"case", candidate ? name : "r-0"},
             {"kind", "timing"},
             {"comparison", id},
             {"block", block},
             {"position", position},
             {"arm", candidate ? "candidate" : "reference"}},
            cycles * planted.slower * (candidate && name[1] == 'n' ? planted.on_slower : 1) * 1980 /
                planted.megahertz);
      }
  (*run.scorer)["metrics"].push_back({{"name", "color.delta_e_mean"},
                                      {"unit", "CIEDE2000"},
                                      {"better", "lower"},
                                      {"identical", 0},
                                      {"definition", "mean"}});
  for (json& metric : (*run.scorer)["metrics"])
    if (metric.at("name") == "lpips.alex" && !planted.lpips_by.empty())
      metric["library"] = planted.lpips_by;
  for (json& worker : run.workers) {
    json versions = json::object();
    if (!planted.libtorch.empty()) versions["libtorch"] = planted.libtorch;
    if (!planted.cudnn.empty()) versions["cudnn"] = planted.cudnn;
    worker["load"]["versions"] = versions;
  }
  run.starts[0]["cohort"]["devices"] = {{{"name", "H100"},
                                         {"driver", planted.driver},
                                         {"cuda", planted.driver.substr(0, 2)},
                                         {"nvml", planted.driver}}};
  return run;
}

// B's pictures against A's: as far apart as two processes of one run, and `delta_e` more.
inline AcrossScores across(const RunIndex& a, const RunIndex& b, std::uint64_t noise,
                           double delta_e = 0) {
  std::mt19937_64 random(noise);
  std::normal_distribution<double> normal;
  AcrossScores scores;
  for (const SamePicture& one : same_pictures(a, b)) {
    json line = pair_scores(one.b, one.a, 60, 0.001 * (1 + 0.03 * normal(random)));
    line["values"].erase("psnr.rgb");
    line["values"]["color.delta_e_mean"] =
        0.02 * (1 + 0.03 * normal(random)) + (one.a.starts_with("on") ? delta_e : 0);
    scores[{one.b, one.a}] = parse_pair_scores(line);
  }
  return scores;
}

inline Compared compared_runs(const Planted& first, const Planted& second,
                              const std::vector<std::string>& varied = {}) {
  const RunFiles files_a = files_of(synthetic_run(first)),
                 files_b = files_of(synthetic_run(second));
  const RunIndex a(files_a), b(files_b);
  return compare_runs(a, b, {.varied = varied},
                      across(a, b, first.noise * 1000 + second.noise, second.delta_e));
}

// As compare.json has it.
inline json compared(const Planted& first, const Planted& second,
                     const std::vector<std::string>& varied = {}) {
  return compare_json(compared_runs(first, second, varied));
}

// Claims of a kind with a reading: how many.
inline int count(const json& result, const std::string& about, const std::string& reading) {
  int found = 0;
  for (const json& claim : result.at("claims"))
    found += claim.at("about") == about && claim.at("reading") == reading;
  return found;
}

}  // namespace
}  // namespace sameseed
