// Reports for gates judged by interval: one reference, settings of DeepCache, as many pairs and
// timed blocks as are given.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

// {candidate, reference, prompt, seed, values}: the i-th prompt's only pair, this LPIPS and PSNR.
inline nlohmann::json synthetic_pair(std::size_t i, double lpips, double psnr) {
  const std::string number = std::to_string(i);
  return {{"candidate", "c-" + number},
          {"reference", "r-" + number},
          {"prompt", "prompt " + std::to_string(1000 + i)},
          {"seed", 7},
          {"values", {{"lpips.alex", lpips}, {"psnr.rgb", psnr}}},
          {"nonfinite", nlohmann::json::object()}};
}

struct SyntheticSetting {
  std::string deepcache;
  std::vector<double> lpips;   // a pair each; PSNR is 40 dB everywhere
  std::vector<double> ratios;  // a block each: candidate / reference
};

// What a gate reads of report.json.
inline nlohmann::json synthetic_report(const std::vector<SyntheticSetting>& settings) {
  using nlohmann::json;
  json report = {
      {"name", "synthetic"},
      {"scored", true},
      {"axes", {{{"name", "candidate.request.deepcache"}, {"values", json::array()}}}},
      {"metrics",
       {{{"name", "psnr.rgb"}, {"unit", "dB"}, {"better", "higher"}, {"identical", nullptr}},
        {{"name", "lpips.alex"}, {"unit", ""}, {"better", "lower"}, {"identical", 0}}}},
      {"excluded", json::array()},
      {"invalid", json::object()},
      {"failures", json::array()},
      {"nonfinite", json::array()},
      {"noise_floor", {{"measured", false}, {"reason", "not asked for"}}},
      {"cohort",
       {{"recipe", "r"},
        {"host", {{"cpu", "a cpu"}, {"cores", 2}}},
        {"workers", json::object()},
        {"metrics", {{"lpips.alex", "v0.1"}, {"psnr.rgb", "rgb"}}},
        {"differs", json::array()}}},
      {"comparisons", json::array()}};
  for (const SyntheticSetting& setting : settings) {
    report["axes"][0]["values"].push_back(setting.deepcache);
    json cases = json::array(), timed = json::array();
    for (std::size_t i = 0; i < setting.lpips.size(); ++i)
      cases.push_back(synthetic_pair(i, setting.lpips[i], 40));
    for (std::size_t block = 0; block < setting.ratios.size(); ++block)
      for (const char* arm : {"reference", "candidate", "candidate", "reference"})
        timed.push_back(
            {{"arm", arm},
             {"block", block},
             {"timings_ms", {{"total_ms", 100 * (arm[0] == 'c' ? setting.ratios[block] : 1.0)}}}});
    double sum = 0;
    for (const double value : setting.lpips) sum += value;
    const auto n = static_cast<double>(setting.lpips.size());
    report["comparisons"].push_back(
        {{"id", setting.deepcache},
         {"setting", {{"candidate.request.deepcache", setting.deepcache}}},
         {"against", "reference"},
         {"status", "ok"},
         {"reason", ""},
         {"refused", json::object()},
         {"broken", json::array()},
         {"engagement", json::object()},
         {"invalid", json::object()},
         {"quality",
          {{"lpips.alex", {{"n", setting.lpips.size()}, {"mean", sum / n}, {"worst_case", "c-0"}}},
           {"psnr.rgb", {{"n", setting.lpips.size()}, {"mean", 40}, {"worst_case", "c-0"}}}}},
         {"speed", {{"total_ms", {{"blocks", setting.ratios.size()}, {"ratio", 1}}}}},
         {"timed_samples", timed},
         {"cases", cases}});
  }
  return report;
}

// Gives the report a noise floor with the same losses for all pairs.
inline void add_floor(nlohmann::json& report, const std::string& kind,
                      const std::vector<double>& lpips) {
  nlohmann::json cases = nlohmann::json::array();
  for (std::size_t i = 0; i < lpips.size(); ++i) cases.push_back(synthetic_pair(i, lpips[i], 60));
  if (!report["noise_floor"].contains("rows")) report["noise_floor"] = {{"measured", true}};
  report["noise_floor"]["rows"].push_back({{"id", kind}, {"cases", cases}});
  for (nlohmann::json& comparison : report["comparisons"])
    for (nlohmann::json& entry : comparison["quality"])
      entry["noise_floor"][kind] = {{"row", kind}};
}

}  // namespace sameseed
