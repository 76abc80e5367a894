// benchmarks.json: the timed samples in google/benchmark's format, schema version 1
// (google/benchmark:src/json_reporter.cc), for its tools/compare.py and what else reads it. One
// record a timed sample, real_time its total; the workers do not measure CPU time, so cpu_time
// repeats it. One aggregate a comparison carries the quality as user counters. What was not timed
// is not in here.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "reports/formats/report_format.h"

namespace sameseed {
namespace {

using nlohmann::json;

// A name's parts are set apart by '/' and ':'.
std::string part(const json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '/' || c == ':' || c == ' '; }, '_');
  return text;
}

// "nightly/against:reference/candidate.request.deepcache:3_0_0/arm:candidate"
std::string name_of(const json& summary, const json& comparison, const std::string& arm) {
  std::string name = part(summary.at("name")) + "/against:" + part(comparison.at("against"));
  for (const auto& [axis, value] : comparison.at("setting").items())
    name += "/" + axis + ":" + part(value);
  return name + "/arm:" + arm;
}

json record(const std::string& run_name, std::size_t repetitions, double ms) {
  return {{"name", run_name}, {"run_name", run_name}, {"repetitions", repetitions}, {"threads", 1},
          {"real_time", ms},  {"cpu_time", ms},       {"time_unit", "ms"}};
}

json samples_of(const std::string& name, const std::vector<const json*>& samples) {
  json list = json::array();
  for (const json* sample : samples) {
    const json& timings = sample->at("timings_ms");
    json one = record(name, samples.size(), timings.at("total_ms"));
    one["run_type"] = "iteration";
    one["repetition_index"] = list.size();
    one["iterations"] = 1;
    for (const auto& [timing, ms] : timings.items())
      if (timing != "total_ms") one[timing] = ms;
    list.push_back(std::move(one));
  }
  return list;
}

json aggregate(const std::string& name, const std::vector<const json*>& samples,
               const json& quality) {
  double sum = 0;
  for (const json* sample : samples) sum += sample->at("timings_ms").at("total_ms").get<double>();
  json one = record(name, samples.size(), sum / static_cast<double>(samples.size()));
  one["name"] = name + "_mean";
  one["run_type"] = "aggregate";
  one["aggregate_name"] = "mean";
  one["aggregate_unit"] = "time";
  one["iterations"] = samples.size();
  for (const auto& [metric, entry] : quality.items())
    if (entry.value("mean", json()).is_number()) one[metric] = entry.at("mean");
  return one;
}

json context(const json& summary) {
  const json& run = summary.at("run");
  const json host = run.value("host", json::object());
  return {{"date", run.value("started", "")},
          {"host_name", host.value("name", "")},
          {"executable", "sameseed"},
          {"num_cpus", host.value("cores", 0)},
          {"mhz_per_cpu", 0},
          {"cpu_scaling_enabled", false},
          {"caches", json::array()},
          {"load_avg", json::array()},
          {"library_version", run.value("version", "")},
          {"library_build_type", "release"},
          {"json_schema_version", 1},
          {"sameseed_cohort", summary.at("cohort").at("hash")}};
}

class BenchmarkReport final : public Report {
 public:
  std::string file() const override { return "benchmarks.json"; }

  void write(const json& summary, std::ostream& out) const override {
    json benchmarks = json::array();
    for (const json& comparison : summary.at("comparisons")) {
      std::map<std::string, std::vector<const json*>> arms;
      for (const json& sample : comparison.at("timed_samples"))
        if (sample.at("timings_ms").contains("total_ms")) arms[sample.at("arm")].push_back(&sample);
      for (const auto& [arm, samples] : arms) {
        const std::string name = name_of(summary, comparison, arm);
        for (json& one : samples_of(name, samples)) benchmarks.push_back(std::move(one));
        benchmarks.push_back(aggregate(
            name, samples, arm == "candidate" ? comparison.at("quality") : json::object()));
      }
    }
    const json all = {{"context", context(summary)}, {"benchmarks", std::move(benchmarks)}};
    out << all.dump(1, ' ', false, json::error_handler_t::replace) << "\n";
  }
};

}  // namespace

std::unique_ptr<Report> make_benchmark_report() { return std::make_unique<BenchmarkReport>(); }

}  // namespace sameseed
