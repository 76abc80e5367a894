#include "bench/worker/noise_files.h"

#include "bench/worker/worker_command.h"
#include "io/sha256.h"

namespace sameseed {

using nlohmann::json;

json noise_message(const json& load, const json& request, const std::string& precision,
                   const std::string& out) {
  json message = {{"op", "noise"},
                  {"model", load.at("model")},
                  {"vae", load.value("vae", "")},
                  {"scheduler", load.value("scheduler", "")},
                  {"steps", request.at("steps")},
                  {"seed", request.at("seed")},
                  {"size", request.at("size")},
                  {"batch", request.value("batch", 1)},
                  {"precision", precision},
                  {"out", out}};
  for (const char* list : {"timesteps", "sigmas"})
    if (request.contains(list) && !request.at(list).is_null()) message[list] = request.at(list);
  return message;
}

NoiseFiles::NoiseFiles(const std::filesystem::path& run, const std::string& start,
                       TimeLimits& limits, Machine& machine)
    : run_(std::filesystem::absolute(run)),
      log_(run_ / "logs" / (start + "-noise.log")),
      limits_(limits),
      machine_(machine) {
  std::filesystem::remove_all(run_ / "noise");
}

std::filesystem::path NoiseFiles::place_of(const json& planned_case, const json& load) const {
  const json message =
      noise_message(load, planned_case.at("request"), planned_case.at("noise_precision"), "");
  return run_ / "noise" / (sha256(message.dump()).substr(0, 16) + ".safetensors");
}

std::string NoiseFiles::file_for(const json& planned_case, const json& load) {
  const std::filesystem::path file = place_of(planned_case, load);
  if (std::filesystem::exists(file)) return file.string();  // it came by a rename: it is whole
  const std::lock_guard lock(mutex_);
  if (std::filesystem::exists(file)) return file.string();
  try {
    if (!worker_) worker_ = machine_.start(worker_command("noise"), environment_for({}, {}), log_);
    const auto began = machine_.now();
    worker_->ask(noise_message(load, planned_case.at("request"), planned_case.at("noise_precision"),
                               file.string()),
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
