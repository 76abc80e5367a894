// What the harness costs over a long run: 10,000 samples on the `null` engine, from the plan to the
// last record, and what going on from there costs. Targets: at most 2 ms a sample, 200 MB of the
// program's own memory, 1 s to read the log again.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/plan/matrix.h"
#include "bench/plan/plan.h"
#include "bench/sweep/generate.h"
#include "bench/sweep/resume.h"
#include "bench/system/programs.h"
#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::uint64_t kSeeds = 3334;  // in three environments: 10,002 pictures

class LongRun : public benchmark::Fixture {
 public:
  void SetUp(benchmark::State&) override {
    run_ =
        std::filesystem::temp_directory_path() / ("sameseed-sweep-" + std::to_string(::getpid()));
    std::filesystem::remove_all(run_);
    Matrix matrix;
    matrix.name = "sweep";
    matrix.axes = {{"candidate.env.X", {"0", "1"}}};
    matrix.engines = {{"reference", "null"}, {"candidate", "null"}};
    matrix.prompts = {"a red apple on a white background"};
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) matrix.seeds.push_back(seed);
    matrix.request = {{"guidance", 5.0},
                      {"size", "128x128"},
                      {"steps", 30},
                      {"negative", {}},
                      {"deepcache", nullptr}};
    matrix.timing = {.warmup = 0, .blocks = 0};
    plan_ = make_plan(matrix, {{"model", data("reference/nano-sdxl").string()}});
    write_file(run_ / "plan.json", plan_.dump());
  }
  void TearDown(benchmark::State&) override { std::filesystem::remove_all(run_); }

 protected:
  std::filesystem::path run_;
  json plan_;
};

BENCHMARK_DEFINE_F(LongRun, generate_and_go_on)(benchmark::State& state) {
  const auto samples = static_cast<double>(plan_.at("samples").size());
  using Seconds = std::chrono::duration<double>;
  auto start = std::chrono::steady_clock::now();
  for (auto _ : state)
    if (generate(run_, {.verbosity = Verbosity::kQuiet}).failed > 0)
      state.SkipWithError("a sample failed");
  state.counters["samples"] = samples;
  state.counters["ms_per_sample"] =
      1000 * Seconds(std::chrono::steady_clock::now() - start).count() / samples;
  start = std::chrono::steady_clock::now();
  if (read_made_before(run_, plan_).finished.size() != plan_.at("samples").size())
    state.SkipWithError("a sample would be made twice");
  state.counters["resume_s"] = Seconds(std::chrono::steady_clock::now() - start).count();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  state.counters["peak_MB"] = static_cast<double>(usage.ru_maxrss) / 1024;
}
BENCHMARK_REGISTER_F(LongRun, generate_and_go_on)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace sameseed

BENCHMARK_MAIN();
