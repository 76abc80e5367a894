// What the harness itself costs a request: the `null` engine in a real worker process, asked over
// the line protocol for a 128x128 picture that it writes as a PNG. Target: at most 2 ms. And what
// it costs to know a model by its content: 7 GB in at most 10 s from the page cache on 2 cores, and
// in 0.1 s where the digest is kept.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "bench/system/programs.h"
#include "bench/worker/digest_cache.h"
#include "bench/worker/worker.h"
#include "bench/worker/worker_command.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

void null_request(benchmark::State& state, bool with_latents) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("sameseed-harness-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string noise = (folder / "noise.safetensors").string(),
                    image = (folder / "image.png").string(),
                    latents = (folder / "latents.safetensors").string();
  {
    ProcessWorker worker({program("sameseed-worker").string(), "null"}, environment_for({}, {}),
                         folder / "worker.log");
    worker.ask({{"op", "load"}, {"model", ""}}, 60s);
    ProcessWorker draw({program("sameseed-worker").string(), "noise"}, environment_for({}, {}),
                       folder / "worker.log");
    draw.ask({{"op", "noise"},
              {"model", data("reference/nano-sdxl").string()},
              {"seed", 0},
              {"size", "128x128"},
              {"out", noise}},
             60s);
    std::int64_t id = 0;
    for (auto _ : state) {
      // As in a run, every file is new; a picture left by an earlier request proves nothing.
      std::filesystem::remove(image);
      std::filesystem::remove(latents);
      const nlohmann::json answer = worker.ask({{"op", "generate"},
                                                {"id", std::to_string(++id)},
                                                {"prompt", "a red apple on a white background"},
                                                {"seed", id},
                                                {"size", "128x128"},
                                                {"noise", noise},
                                                {"image", image},
                                                {"latents", with_latents ? latents : ""}},
                                               60s);
      benchmark::DoNotOptimize(answer);
      if (!std::filesystem::exists(image)) {
        state.SkipWithError("no picture was written");
        break;
      }
    }
  }
  std::filesystem::remove_all(folder);
}

// A file of 1 GiB that was written some seconds ago, as digests of fresh files are not kept.
class LargeFile {
 public:
  LargeFile() {
    std::filesystem::create_directories(folder_);
    std::ofstream out(file());
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 1024; ++i) out << i << piece;
    out.close();
    std::this_thread::sleep_for(4s);
  }
  ~LargeFile() { std::filesystem::remove_all(folder_); }
  LargeFile(const LargeFile&) = delete;
  LargeFile& operator=(const LargeFile&) = delete;

  std::filesystem::path file() const { return folder_ / "weights"; }
  std::filesystem::path kept() const { return folder_ / "digests"; }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("sameseed-digest-" + std::to_string(::getpid()));
};

void digest_first(benchmark::State& state) {
  const LargeFile large;
  for (auto _ : state) {
    std::filesystem::remove(large.kept());
    benchmark::DoNotOptimize(DigestCache(large.kept()).digest_of(large.file()));
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(std::filesystem::file_size(large.file())));
}

void digest_kept(benchmark::State& state) {
  const LargeFile large;
  DigestCache(large.kept()).digest_of(large.file());
  for (auto _ : state) benchmark::DoNotOptimize(DigestCache(large.kept()).digest_of(large.file()));
}

void picture(benchmark::State& state) { null_request(state, false); }
void picture_and_latents(benchmark::State& state) { null_request(state, true); }

// The work is the worker's, in another process: only the clock on the wall sees it.
BENCHMARK(picture)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(digest_first)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(digest_kept)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(picture_and_latents)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sameseed

BENCHMARK_MAIN();
