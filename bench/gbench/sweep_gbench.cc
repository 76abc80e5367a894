// What the harness costs over a long run: 10,000 samples on the `null` engine, from the plan to the
// last record with all that is synced on the way, and what going on from there costs. Targets: at
// most 2 ms a sample on a disk's file system, 200 MB of the program's own memory, 1 s to read the
// log again. TMPDIR names another folder, and with it the file system, which the label tells:
//
//   TMPDIR=/home/me sweep_gbench
//
// On two cores that other programs shared, ext4 took 2.0 to 2.3 ms of CPU time a sample and 2.9 to
// 3.9 ms on the wall, tmpfs 1.7 to 1.8 and 2.8 to 3.3: syncs cost 0.2 to 0.6 ms.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/vfs.h>
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

// Whether what is written there is on a disk only once it was synced.
std::string file_system_of(const std::filesystem::path& folder) {
  struct statfs found {};
  if (::statfs(folder.c_str(), &found) != 0) return "unknown";
  switch (found.f_type) {
    case TMPFS_MAGIC:
      return "tmpfs";
    case EXT4_SUPER_MAGIC:
      return "ext4";
    case XFS_SUPER_MAGIC:
      return "xfs";
    case BTRFS_SUPER_MAGIC:
      return "btrfs";
    case OVERLAYFS_SUPER_MAGIC:
      return "overlayfs";
    case NFS_SUPER_MAGIC:
      return "nfs";
    default:
      return fmt::format("file system {:x}", found.f_type);
  }
}

// Of this program and of the workers that have ended.
double cpu_seconds() {
  double seconds = 0;
  for (const auto whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(whose, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
      seconds += static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  }
  return seconds;
}

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
  state.SetLabel(file_system_of(run_));
  const double cpu = cpu_seconds();
  auto start = std::chrono::steady_clock::now();
  for (auto _ : state)
    if (generate(run_, {.verbosity = Verbosity::kQuiet}).failed > 0)
      state.SkipWithError("a sample failed");
  state.counters["samples"] = samples;
  state.counters["ms_per_sample"] =
      1000 * Seconds(std::chrono::steady_clock::now() - start).count() / samples;
  state.counters["cpu_ms_per_sample"] = 1000 * (cpu_seconds() - cpu) / samples;
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
