// What the harness itself costs a request: the `null` engine in a real worker process, asked over
// the line protocol for a 128x128 picture that it writes as a PNG. Target: at most 2 ms.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/system/programs.h"
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
    Worker worker({program("sameseed-worker").string(), "null"}, environment_for({}, {}),
                  folder / "worker.log");
    worker.ask({{"op", "load"}, {"model", ""}}, 60s);
    Worker draw({program("sameseed-worker").string(), "noise"}, environment_for({}, {}),
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

void picture(benchmark::State& state) { null_request(state, false); }
void picture_and_latents(benchmark::State& state) { null_request(state, true); }

// The work is the worker's, in another process: only the clock on the wall sees it.
BENCHMARK(picture)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(picture_and_latents)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sameseed

BENCHMARK_MAIN();
