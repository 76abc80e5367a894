// What a ledger of 1,000 runs costs, of 50 comparisons each, with 12 metrics and timings each: a
// run has five times as many, which makes an addition dearer in proportion and a reading not.
// Target: 50 ms to read one series and find its steps.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <sstream>

#include "bench/ledger/ledger.h"

namespace sameseed {
namespace {

constexpr int kRuns = 1000, kComparisons = 50, kMeasures = 12;

SeriesName series_name(int comparison, int measure) {
  return {.name = "nightly",
          .machine = "NVIDIA H100 80GB HBM3",
          .setting = fmt::format("{{\"candidate.env.X\":\"{}\"}}", comparison),
          .against = "reference",
          .measure = fmt::format("metric {}", measure),
          .unit = "",
          .better = "lower"};
}

SeriesRun run_of(int number) {
  const std::string hash(64, 'a');
  return {.key = fmt::format("{:064}", number),
          .started = fmt::format("{}-{:02}-{:02}T03:00:00Z", 2024 + number / 336,
                                 number / 28 % 12 + 1, number % 28 + 1),
          .name = "nightly",
          .folder = fmt::format("/nights/{}", number),
          .machine = "NVIDIA H100 80GB HBM3",
          .driver = "580.95.05",
          .version = "0.1.0",
          .cohort = hash,
          .recipe = hash};
}

std::vector<SeriesRow> rows_of(int number) {
  std::mt19937_64 random(static_cast<std::uint64_t>(number));
  std::normal_distribution<double> normal(number < 600 ? 0.10 : 0.103, 0.001);  // a step of 3 sigma
  std::vector<SeriesRow> rows;
  for (int comparison = 0; comparison < kComparisons; ++comparison)
    for (int measure = 0; measure < kMeasures; ++measure) {
      const double value = normal(random);
      rows.push_back({series_name(comparison, measure),
                      {.n = 48, .value = value, .low = value, .high = value, .worst5 = value}});
    }
  return rows;
}

class FullLedger : public benchmark::Fixture {
 public:
  void SetUp(benchmark::State&) override {
    if (std::filesystem::exists(file())) return;
    Ledger ledger(file(), Ledger::Use::kWrite);
    for (int run = 0; run < kRuns; ++run) ledger.add(run_of(run), rows_of(run));
  }

 protected:
  static std::filesystem::path file() {
    static const auto path = std::filesystem::temp_directory_path() /
                             ("sameseed-ledger-" + std::to_string(::getpid()) + ".sqlite");
    return path;
  }
};

// As `sameseed history show` does it: the file is opened, one series read, its steps found.
BENCHMARK_DEFINE_F(FullLedger, show_one_series)(benchmark::State& state) {
  for (auto _ : state) {
    const Ledger ledger(file(), Ledger::Use::kRead);
    std::ostringstream text;
    const Series series = ledger.read(series_name(25, 5));
    write_series(series, text);
    if (series.runs.size() != kRuns || text.str().find("step of") == std::string::npos)
      state.SkipWithError("the series or its step is not there");
    benchmark::DoNotOptimize(text);
  }
  state.counters["MiB"] = static_cast<double>(std::filesystem::file_size(file())) / (1 << 20);
}
BENCHMARK_REGISTER_F(FullLedger, show_one_series)->Unit(benchmark::kMillisecond);

BENCHMARK_DEFINE_F(FullLedger, list_the_series_of_a_metric)(benchmark::State& state) {
  for (auto _ : state) {
    const Ledger ledger(file(), Ledger::Use::kRead);
    if (ledger.series("metric 5").size() != kComparisons) state.SkipWithError("not all are there");
  }
}
BENCHMARK_REGISTER_F(FullLedger, list_the_series_of_a_metric)->Unit(benchmark::kMillisecond);

// The last, since the ledger grows by it.
BENCHMARK_DEFINE_F(FullLedger, add_a_run)(benchmark::State& state) {
  Ledger ledger(file(), Ledger::Use::kWrite);
  int run = kRuns;
  for (auto _ : state) ledger.add(run_of(run), rows_of(run)), ++run;
  std::filesystem::remove(file());
}
BENCHMARK_REGISTER_F(FullLedger, add_a_run)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(5);

}  // namespace
}  // namespace sameseed

BENCHMARK_MAIN();
