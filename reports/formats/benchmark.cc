// benchmarks.json: the timed samples in google/benchmark's format, schema version 1
// (google/benchmark:src/json_reporter.cc), for its tools/compare.py and what else reads it. One
// record a timed sample, real_time its total; the workers do not measure CPU time, so cpu_time
// repeats it. One aggregate a comparison carries the quality as user counters. What was not timed
// is not in here.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "reports/formats/json_writer.h"
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
std::string name_of(const Summary& summary, const Comparison& comparison, const std::string& arm) {
  std::string name = part(summary.name) + "/against:" + part(comparison.against);
  for (const auto& [axis, value] : comparison.setting) name += "/" + axis + ":" + part(value);
  return name + "/arm:" + arm;
}

json record(const std::string& run_name, std::size_t repetitions, double ms) {
  return {{"name", run_name}, {"run_name", run_name}, {"repetitions", repetitions}, {"threads", 1},
          {"real_time", ms},  {"cpu_time", ms},       {"time_unit", "ms"}};
}

using TimedSamples = std::vector<const TimedSample*>;  // of one arm, all with a total

void write_samples(const std::string& name, const TimedSamples& samples, ListWriter& list) {
  json entry = record(name, samples.size(), 0);  // what changes is put in for each sample
  entry["run_type"] = "iteration";
  entry["iterations"] = 1;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    entry["repetition_index"] = i;
    for (const std::string& timing : timing_names()) {
      const auto ms = samples[i]->ms.of(timing);
      if (timing == "total_ms")
        entry["real_time"] = entry["cpu_time"] = *ms;
      else if (ms)
        entry[timing] = *ms;
      else
        entry.erase(timing);
    }
    list.add(entry);
  }
}

json aggregate(const std::string& name, const TimedSamples& samples) {
  double sum = 0;
  for (const TimedSample* sample : samples) sum += *sample->ms.of("total_ms");
  json entry = record(name, samples.size(), sum / static_cast<double>(samples.size()));
  entry["name"] = name + "_mean";
  entry["run_type"] = "aggregate";
  entry["aggregate_name"] = "mean";
  entry["aggregate_unit"] = "time";
  entry["iterations"] = samples.size();
  return entry;
}

// The means of all metrics, as counters.
void add_quality(const Comparison& comparison, json& entry) {
  for (const auto& [metric, quality] : comparison.quality)
    if (const auto mean = quality.statistics.named("mean"); mean && std::isfinite(*mean))
      entry[metric] = *mean;
}

json context(const Summary& summary) {
  const json& run = summary.start;
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
          {"sameseed_cohort", summary.cohort.at("hash")}};
}

class BenchmarkReport final : public Report {
 public:
  std::string file() const override { return "benchmarks.json"; }

  void write(const Summary& summary, const Verdict&, std::ostream& out) const override {
    out << "{\n \"benchmarks\": ";
    ListWriter benchmarks(out, 1);
    for (const Comparison& comparison : summary.comparisons) {
      std::map<std::string, TimedSamples> arms;
      for (const TimedSample& sample : comparison.speed.samples)
        if (sample.ms.of("total_ms")) arms[sample.arm].push_back(&sample);
      for (const auto& [arm, samples] : arms) {
        const std::string name = name_of(summary, comparison, arm);
        write_samples(name, samples, benchmarks);
        json mean = aggregate(name, samples);
        if (arm == "candidate") add_quality(comparison, mean);
        benchmarks.add(mean);
      }
    }
    benchmarks.end();
    out << ",\n \"context\": ";
    write_json(out, context(summary), 1);
    out << "\n}\n";
  }
};

}  // namespace

std::unique_ptr<Report> make_benchmark_report() { return std::make_unique<BenchmarkReport>(); }

}  // namespace sameseed
