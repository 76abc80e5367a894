#include "bench/worker/noise_files.h"

#include <fmt/format.h>

#include "bench/worker/worker_command.h"

namespace sameseed {

using nlohmann::json;

json noise_message(const json& load, const json& request, const std::string& precision,
                   const std::string& out) {
  return {{"op", "noise"},
          {"model", load.at("model")},
          {"vae", load.value("vae", "")},
          {"seed", request.at("seed")},
          {"size", request.at("size")},
          {"batch", request.value("batch", 1)},
          {"precision", precision},
          {"out", out}};
}

NoiseFiles::NoiseFiles(const std::filesystem::path& run, const std::string& start,
                       TimeLimits& limits, Machine& machine)
    : run_(std::filesystem::absolute(run)),
      log_(run_ / "logs" / (start + "-noise.log")),
      limits_(limits),
      machine_(machine) {
  std::filesystem::remove_all(run_ / "noise");
}

std::string NoiseFiles::file_for(const json& planned_case, const json& load) {
  const json& request = planned_case.at("request");
  const std::string precision = planned_case.at("noise_precision");
  const auto file =
      run_ / "noise" /
      fmt::format("{}-{}x{}-{}.safetensors", precision, request.value("batch", 1),
                  request.at("size").get<std::string>(), request.at("seed").get<std::uint64_t>());
  if (std::filesystem::exists(file)) return file.string();  // it came by a rename: it is whole
  const std::lock_guard lock(mutex_);
  if (std::filesystem::exists(file)) return file.string();
  try {
    if (!worker_) worker_ = machine_.start(worker_command("noise"), environment_for({}, {}), log_);
    const auto began = machine_.now();
    worker_->ask(noise_message(load, request, precision, file.string()),
                 limits_.limit("noise", "noise"));
    limits_.learn("noise", "noise",
                  std::chrono::ceil<TimeLimits::Duration>(machine_.now() - began));
    if (!std::filesystem::exists(file))  // or the engine that is to read it would be blamed
      throw WorkerFailure("incomplete", "it said ok and wrote no file");
  } catch (const WorkerFailure& failure) {
    if (!failure.alive()) worker_.reset();
    throw;
  }
  return file.string();
}

}  // namespace sameseed
