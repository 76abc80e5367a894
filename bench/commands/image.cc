// `sameseed image`: one picture, or a case of a run again.
#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/commands/commands.h"
#include "bench/plan/plan_file.h"
#include "bench/system/device_record.h"
#include "bench/system/slots.h"
#include "bench/system/temporary_folder.h"
#include "bench/worker/noise_files.h"
#include "bench/worker/worker.h"
#include "io/error.h"
#include "io/files.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

struct OneImage {
  std::string engine, noise_precision;  // no precision: the engine's own
  Variables variables;
  json load, request;
};

// "env.X=1", "load.precision=fp16", "request.steps=20": numbers where they are numbers, "null" for
// unset.
void apply(const std::string& setting, OneImage& one) {
  const std::size_t equals = setting.find('='), dot = setting.find('.');
  if (equals == std::string::npos || dot > equals)
    throw UserError("--set " + setting +
                    ": must be env.NAME=VALUE, load.NAME=VALUE or request.NAME=VALUE");
  const std::string kind = setting.substr(0, dot), name = setting.substr(dot + 1, equals - dot - 1);
  const std::string text = setting.substr(equals + 1);
  if (kind == "env") {
    one.variables[name] = text == "null" ? std::nullopt : std::optional(text);
    return;
  }
  const json parsed = json::parse(text, nullptr, false);
  const json value = parsed.is_number() || parsed.is_null() ? parsed : json(text);
  if (kind == "load")
    one.load[name] = value;
  else if (kind == "request")
    one.request[name] = value;
  else
    throw UserError("--set " + setting + ": an axis begins with env., load. or request.");
}

OneImage image_of_case(const std::string& name) {
  const std::filesystem::path path = name;
  const json plan = read_plan(path.parent_path());
  for (const json& one : plan.at("cases"))
    if (one.at("id") == path.filename().string())
      for (const json& environment : plan.at("environments"))
        if (environment.at("id") == one.at("environment"))
          return {environment.at("engine"), one.at("noise_precision"), variables_of(environment),
                  environment.at("load"), one.at("request")};
  throw UserError(fmt::format("{}: its plan.json has no case {}", path.parent_path().string(),
                              path.filename().string()));
}

Slot one_slot(const std::string& devices, const Gpus& gpus) {
  const auto slots = make_slots(devices, std::nullopt, 1, gpus);
  if (slots.size() != 1)
    throw UserError(fmt::format("--devices {}: one picture is made on one device", devices));
  return slots.front();
}

}  // namespace

int make_image(const ImageOptions& options) {
  OneImage one;
  if (options.case_of.empty()) {
    if (!options.prompt)
      throw UserError("--prompt is missing; --prompt \"\" draws the empty prompt");
    one.engine = options.engine;
    one.load = {{"model", model_folder(options.model.model)}};
    one.request = {{"prompt", *options.prompt},
                   {"negative", options.negative ? json(*options.negative) : json()},
                   {"seed", options.seed},
                   {"steps", options.steps},
                   {"guidance", options.guidance},
                   {"size", options.size},
                   {"deepcache", options.deepcache.empty() ? json() : json(options.deepcache)}};
  } else {
    one = image_of_case(options.case_of);
  }
  if (!options.model.vae.empty())
    one.load["vae"] = std::filesystem::absolute(options.model.vae).string();
  if (!options.model.variant.empty()) one.load["variant"] = options.model.variant;
  for (const std::string& setting : options.set) apply(setting, one);

  const TemporaryFolder scratch;
  json request = one.request;
  read_request(request);  // wrong values are named here, before a model is loaded
  json load = one.load;
  read_load_options(load);
  load["op"] = "load";
  request["op"] = "generate";
  request["id"] = "image";
  request["noise"] = scratch / "noise.safetensors";
  request["image"] = std::filesystem::absolute(options.out).string();
  std::error_code ignored;  // whoever writes the file says why it cannot
  for (const std::string& file : {options.out, options.tensors, options.trace})
    if (!file.empty())  // an outside engine need not make folders
      std::filesystem::create_directories(std::filesystem::absolute(file).parent_path(), ignored);
  if (!options.tensors.empty())
    request["tensors"] = std::filesystem::absolute(options.tensors).string();
  if (!options.trace.empty()) request["trace"] = std::filesystem::absolute(options.trace).string();
  // The engine's own precision decides the noise's stream, as in a pipeline of that precision.
  const std::string precision = !one.noise_precision.empty()  ? one.noise_precision
                                : one.engine == "accelerated" ? "fp32"
                                                              : load.value("precision", "fp32");
  const Gpus gpus = find_gpus();
  const Slot slot = one_slot(options.devices, gpus);
  one.variables.insert(slot.variables.begin(), slot.variables.end());
  constexpr auto kLimit = std::chrono::hours(12);
  try {
    Worker noise(worker_command("noise"), environment_for({}, {}), scratch / "worker.log");
    noise.ask(noise_message(load, request, precision, request.at("noise")), kLimit);
    std::optional<DeviceWatch> watch;
    if (slot.gpu) watch.emplace(*gpus.nvml, *slot.gpu);
    Worker worker(worker_command(one.engine, slot.worker), environment_for(one.variables, {}),
                  scratch / "worker.log");
    const auto warn = [](const json& answer) {
      for (const json& warning : answer.value("warnings", json::array()))
        std::cerr << "sameseed: warning: " << warning.get<std::string>() << "\n";
    };
    warn(worker.ask(load, kLimit));
    const json before = watch ? reading_json(watch->read()) : json();
    json answer = worker.ask(request, kLimit);
    if (watch) {
      answer["device"] = device_entry(*watch);
      answer["device"]["before"] = before;
      answer["device"]["after"] = reading_json(watch->read());
    }
    warn(answer);
    std::cout << answer.dump() << "\n";
    return 0;
  } catch (const WorkerFailure& failure) {
    std::cerr << "sameseed: " << failure.what() << "\n";
    if (!failure.alive()) std::cerr << read_file(scratch / "worker.log");
    return failure.alive() ? 1 : 7;
  }
}

}  // namespace sameseed
