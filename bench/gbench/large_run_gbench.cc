// What `sameseed report` costs for a run of a million records. Target: at most 60 s of CPU time and
// 1.5 GB of memory where they are of timed samples. The run is planned as people plan one; its
// records and scores are written as the null engine and the scorer would write them.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>

#include "bench/sweep/sample_files.h"
#include "bench/system/programs.h"
#include "io/files.h"
#include "io/png.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;

// A run of 16 settings.
json matrix_of(int prompts, int seeds, int blocks) {
  json matrix = {{"schema", "sameseed/matrix/1"},
                 {"name", "large"},
                 {"model", "nano-sdxl"},
                 {"reference", {{"engine", "null"}}},
                 {"candidate", {{"engine", "null"}}},
                 {"requests", {{"size", "64x64"}, {"steps", 2}, {"guidance", 5.0}}},
                 {"timing", {{"warmup", 0}, {"blocks", blocks}, {"prompts", 1}}}};
  for (const char* name : {"CONV", "MATMUL"})
    matrix["axes"][fmt::format("candidate.env.ONEFLOW_{}_ALLOW_HALF_PRECISION_ACCUMULATION",
                               name)] = {"0", "1"};
  matrix["axes"]["candidate.request.deepcache"] = {nullptr, "2/0/0", "3/0/0", "5/0/0"};
  for (int i = 0; i < prompts; ++i)
    matrix["requests"]["prompts"].push_back(fmt::format("a cat on {} mats", i));
  for (int i = 0; i < seeds; ++i) matrix["requests"]["seeds"].push_back(i);
  return matrix;
}

struct Cost {
  double seconds = 0;    // of CPU time
  double megabytes = 0;  // resident at most
};

// Throws std::runtime_error where the command ends with another code than 0.
Cost cost_of(const std::vector<std::string>& command) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int silence = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(silence, STDOUT_FILENO);
    ::execv(command.front().c_str(), exec_pointers(command).data());
    ::_exit(kCannotExecute);
  }
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) != child || status != 0)
    throw std::runtime_error(fmt::format("{} {} failed", command.front(), command.at(1)));
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return {.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
          .megabytes = static_cast<double>(usage.ru_maxrss) / 1024};
}

// A run folder with a record of each sample and a score of each pair.
class LargeRun {
 public:
  LargeRun(int prompts, int seeds, int blocks) {
    std::filesystem::create_directories(folder_);
    write_file(folder_ / "matrix.json", matrix_of(prompts, seeds, blocks).dump());
    plan_ = cost_of({program("sameseed").string(), "plan", (folder_ / "matrix.json").string(),
                     "--out", run().string()});
    const json plan = read_json(run() / "plan.json");
    write_records(plan);
    write_scores(plan);
  }
  ~LargeRun() { std::filesystem::remove_all(folder_); }
  LargeRun(const LargeRun&) = delete;
  LargeRun& operator=(const LargeRun&) = delete;

  std::filesystem::path run() const { return folder_ / "run"; }
  std::size_t records() const { return records_; }
  std::size_t pairs() const { return pairs_; }
  const Cost& plan() const { return plan_; }

 private:
  std::string one_picture() const {
    const auto file = folder_ / "picture.png";
    write_png(file, {.width = 1, .height = 1, .rgb = {0, 0, 0}});
    return read_file(file);
  }

  void write_records(const json& plan) {
    std::ofstream out(run() / "records.jsonl");
    const json start = {{"type", "run"},
                        {"schema", "sameseed/record/2"},
                        {"start", "aaaaaaaaaaaa"},
                        {"started", "2026-01-01T00:00:00Z"},
                        {"command", {"sameseed", "run"}},
                        {"version", "0.1.0"}};
    out << start.dump() << "\n";
    const std::string picture = one_picture();
    std::normal_distribution<double> noise(0, 0.02);
    for (const json& sample : plan.at("samples")) {
      const std::string id = sample.at("id"), hash = sha256(id);
      json record = {{"type", "sample"},
                     {"outcome", "ok"},
                     {"sample", id},
                     {"start", "aaaaaaaaaaaa"},
                     {"worker", "aaaaaaaaaaaa-1"},
                     {"slot", "cpu"},
                     {"effective", json::object()},
                     {"engagement", json::object()},
                     {"files", json::object()},
                     {"hashes", {{"image", hash}, {"latents", hash}, {"noise", hash}}},
                     {"peak_memory", 0},
                     {"warnings", json::array()}};
      for (const char* field : {"case", "kind", "comparison", "block", "position", "arm"})
        record[field] = sample.at(field);
      if (sample.at("kind") == "quality") {
        record["files"]["image"] = hash;
        write_file(sample_file(run(), "image", id), picture, FlushToDisk::kNo);
      }
      const double total = 100 * std::exp(noise(random_));
      record["timings_ms"] = {{"total", total},       {"steps", {total / 3, total / 3}},
                              {"full", {true, true}}, {"text", 1.0},
                              {"decode", total / 3},  {"png", 0.1}};
      record["wall_ms"] = total + 1;
      out << record.dump() << "\n";
      ++records_;
    }
  }

  void write_scores(const json& plan) {
    std::map<std::string, std::string> samples;
    for (const json& sample : plan.at("samples"))
      if (sample.at("kind") == "quality") samples[sample.at("case")] = sample.at("id");
    std::ofstream out(run() / "scores.jsonl");
    json scorer = {{"type", "scorer"}, {"metrics", json::array()}};
    for (const char* name : kMetrics)
      scorer["metrics"].push_back({{"name", name},
                                   {"unit", ""},
                                   {"better", "lower"},
                                   {"identical", 0.0},
                                   {"definition", "drawn at random"}});
    out << scorer.dump() << "\n";
    std::lognormal_distribution<double> loss(-4, 0.5);
    for (const json& comparison : plan.at("comparisons"))
      for (const json& pair : comparison.at("pairs")) {
        const std::string candidate = samples.at(pair.at("candidate")),
                          reference = samples.at(pair.at("reference"));
        json line = {
            {"type", "pair"},
            {"candidate", candidate},
            {"reference", reference},
            {"candidate_case", pair.at("candidate")},
            {"reference_case", pair.at("reference")},
            {"pictures", {{"candidate", sha256(candidate)}, {"reference", sha256(reference)}}}};
        for (const char* name : kMetrics) line["values"][name] = loss(random_);
        out << line.dump() << "\n";
        ++pairs_;
      }
  }

  static constexpr const char* kMetrics[] = {"lpips.alex", "ssim.gaussian", "latents.relative_l2",
                                             "flip.mean", "gmsd"};
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("sameseed-large-" + std::to_string(::getpid()));
  std::mt19937_64 random_{1};
  std::size_t records_ = 0, pairs_ = 0;
  Cost plan_;
};

void report(benchmark::State& state) {
  const LargeRun large(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)),
                       static_cast<int>(state.range(2)));
  Cost cost;
  ::malloc_trim(0);  // what this process holds when it forks counts as the child's
  for (auto _ : state) {
    cost = cost_of({program("sameseed").string(), "report", large.run().string()});
    state.SetIterationTime(cost.seconds);
  }
  state.counters["records"] = static_cast<double>(large.records());
  state.counters["pairs"] = static_cast<double>(large.pairs());
  state.counters["MB"] = cost.megabytes;
  state.counters["plan_s"] = large.plan().seconds;
  state.counters["plan_MB"] = large.plan().megabytes;
}

// Prompts, seeds and blocks. 31 comparisons of 4 timed samples a block; 17 pictures and 31 pairs a
// prompt and seed.
BENCHMARK(report)
    ->ArgNames({"prompts", "seeds", "blocks"})
    ->Args({8, 1, 8064})
    ->Args({600, 4, 0})
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace sameseed

BENCHMARK_MAIN();
