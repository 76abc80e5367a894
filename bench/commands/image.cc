// `sameseed image`: one picture, or a case of a run again.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/commands/command.h"
#include "bench/commands/generate.h"
#include "bench/commands/options.h"
#include "bench/plan/axis_name.h"
#include "bench/plan/plan_file.h"
#include "bench/plan/plan_index.h"
#include "bench/system/device_record.h"
#include "bench/system/slots.h"
#include "bench/system/temporary_folder.h"
#include "bench/worker/noise_files.h"
#include "bench/worker/worker.h"
#include "bench/worker/worker_command.h"
#include "io/error.h"
#include "io/files.h"
#include "pipeline/model/lora_choice.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

struct ImageCommand {
  ModelOptions model;
  std::string engine = "reference", scheduler;
  std::optional<std::string> prompt, negative;
  std::uint64_t seed = 0;
  int steps = 30;
  double guidance = 5.0;
  std::string size = "128x128", deepcache, case_of, out, tensors, trace;
  std::string devices;  // one, as make_slots() has it
  std::vector<std::string> set, keep, lora;
};

// What a worker is started with, loads and is asked.
struct Making {
  std::string engine, noise_precision;  // no precision: the engine's own
  Variables variables;
  json load, request;
};

// "env.X=1", "load.precision=fp16", "request.steps=20", "request.timesteps=[999,499]": numbers and
// lists of them where they are such, "null" for unset.
void apply_setting(const std::string& setting, Making& making) {
  const std::size_t equals = setting.find('=');
  const std::string axis = setting.substr(0, equals);
  if (equals == std::string::npos || axis.find('.') == std::string::npos)
    throw UserError("--set " + setting +
                    ": must be env.NAME=VALUE, load.NAME=VALUE or request.NAME=VALUE");
  const auto name = split_bare_axis_name(axis);
  if (!name) throw UserError("--set " + setting + ": an axis begins with env., load. or request.");
  const std::string text = setting.substr(equals + 1);
  if (name->kind == AxisKind::kEnv) {
    making.variables[name->name] = text == "null" ? std::nullopt : std::optional(text);
    return;
  }
  const json parsed = json::parse(text, nullptr, false);
  json& fields = name->kind == AxisKind::kLoad ? making.load : making.request;
  const bool is_list = parsed.is_array() && std::ranges::all_of(parsed, &json::is_number);
  fields[name->name] = parsed.is_number() || parsed.is_null() || is_list ? parsed : json(text);
}

// "FILE" or "FILE=SCALE"; a file may have = in its name.
LoraChoice lora_of(const std::string& text) {
  LoraChoice choice{.path = text};
  const std::size_t equals = text.rfind('=');
  if (equals != std::string::npos && !std::filesystem::exists(text)) {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + equals + 1, end, choice.scale);
    if (error != std::errc() || rest != end || !std::isfinite(choice.scale))
      throw UserError("--lora " + text + ": must be FILE or FILE=SCALE with a number as SCALE");
    choice.path = text.substr(0, equals);
  }
  choice.path = std::filesystem::absolute(choice.path).lexically_normal().string();
  return choice;
}

// `name` is RUN/ID.
Making making_of_case(const std::string& name) {
  const std::filesystem::path path = name;
  const json plan = read_plan(path.parent_path());
  const PlanIndex index(plan);
  if (const json* planned = index.find_case(path.filename().string())) {
    const json& environment = index.environment_of(*planned);
    return {environment.at("engine"), planned->at("noise_precision"), variables_of(environment),
            environment.at("load"), planned->at("request")};
  }
  throw UserError(fmt::format("{}: its plan.json has no case {}", path.parent_path().string(),
                              path.filename().string()));
}

Making making_of_options(const ImageCommand& command) {
  if (!command.prompt) throw UserError("--prompt is missing; --prompt \"\" draws the empty prompt");
  return {.engine = command.engine,
          .load = {{"model", model_folder(command.model.model)}},
          .request = {{"prompt", *command.prompt},
                      {"negative", command.negative ? json(*command.negative) : json()},
                      {"seed", command.seed},
                      {"steps", command.steps},
                      {"guidance", command.guidance},
                      {"size", command.size},
                      {"deepcache", command.deepcache.empty() ? json() : json(command.deepcache)}}};
}

std::string absolute(const std::string& file) { return std::filesystem::absolute(file).string(); }

// Completes the messages to the worker. Wrong values are named here, before a model is loaded.
void prepare_messages(const ImageCommand& command, const std::string& noise, Making& making) {
  read_request(making.request);
  read_load_options(making.load);
  making.load["op"] = "load";
  making.request["op"] = "generate";
  making.request["id"] = "image";
  making.request["noise"] = noise;
  making.request["image"] = absolute(command.out);
  if (!command.tensors.empty()) making.request["tensors"] = absolute(command.tensors);
  if (!command.trace.empty()) making.request["trace"] = absolute(command.trace);
  std::error_code ignored;  // whoever writes the file says why it cannot
  for (const std::string& file : {command.out, command.tensors, command.trace})
    if (!file.empty())  // an outside engine need not make folders
      std::filesystem::create_directories(std::filesystem::absolute(file).parent_path(), ignored);
}

// The engine's own precision decides the noise's stream, as in a pipeline of that precision.
std::string noise_precision(const Making& making) {
  if (!making.noise_precision.empty()) return making.noise_precision;
  return making.engine == "accelerated" ? "fp32" : making.load.value("precision", "fp32");
}

void warn_of_left_out(const Variables& variables) {
  std::set<std::string> known;
  for (const auto& [name, value] : variables) known.insert(name);
  for (const std::string& name : left_out_switches(known))
    std::cerr << "sameseed: " << left_out_warning(name) << "\n";
}

Slot one_slot(const std::string& devices, const Gpus& gpus) {
  const auto slots = make_slots(devices, std::nullopt, 1, gpus);
  if (slots.size() != 1)
    throw UserError(fmt::format("--devices {}: one picture is made on one device", devices));
  return slots.front();
}

void print_warnings(const json& answer) {
  for (const json& warning : answer.value("warnings", json::array()))
    std::cerr << "sameseed: warning: " << warning.get<std::string>() << "\n";
}

// Draws the noise, makes the picture, and returns the worker's answer. Throws WorkerFailure.
json make_picture(const Making& making, const Slot& slot, const Gpus& gpus,
                  const std::string& log) {
  constexpr auto kLimit = std::chrono::hours(12);
  ProcessWorker noise(worker_command("noise"), environment_for({}, {}), log);
  noise.ask(noise_message(making.load, making.request, noise_precision(making),
                          making.request.at("noise")),
            kLimit);
  std::optional<DeviceWatch> watch;
  if (slot.gpu) watch.emplace(*gpus.nvml, *slot.gpu);
  ProcessWorker worker(worker_command(making.engine, slot.worker),
                       environment_for(making.variables, {}), log);
  print_warnings(worker.ask(making.load, kLimit));
  const json before = watch ? reading_json(watch->read()) : json();
  json answer = worker.ask(making.request, kLimit);
  if (watch) {
    answer["device"] = device_entry(*watch);
    answer["device"]["before"] = before;
    answer["device"]["after"] = reading_json(watch->read());
  }
  print_warnings(answer);
  return answer;
}

int make_image(const ImageCommand& command) {
  Making making =
      command.case_of.empty() ? making_of_options(command) : making_of_case(command.case_of);
  apply_vae_and_variant(command.model, making.load);
  if (!command.scheduler.empty()) making.load["scheduler"] = command.scheduler;
  if (!command.lora.empty()) {
    std::vector<LoraChoice> choices;
    for (const std::string& text : command.lora) choices.push_back(lora_of(text));
    making.load["lora"] = to_json(choices);
  }
  for (const auto& [name, value] : kept_variables(command.keep)) making.variables[name] = value;
  for (const std::string& setting : command.set) apply_setting(setting, making);
  warn_of_left_out(making.variables);
  const TemporaryFolder scratch;
  prepare_messages(command, scratch / "noise.safetensors", making);
  const Gpus gpus = find_gpus();
  const Slot slot = one_slot(command.devices, gpus);
  making.variables.insert(slot.variables.begin(), slot.variables.end());
  const std::string log = scratch / "worker.log";
  try {
    std::cout << make_picture(making, slot, gpus, log).dump() << "\n";
    return 0;
  } catch (const WorkerFailure& failure) {
    std::cerr << "sameseed: " << failure.what() << "\n";
    if (!failure.alive()) std::cerr << read_file(log);
    return failure.alive() ? 1 : kInfrastructureCode;
  }
}

}  // namespace

Command add_image(CLI::App& program) {
  CLI::App* parser =
      program.add_subcommand("image", "make one picture, or a case of a run again (--case RUN/ID)");
  const auto command = std::make_shared<ImageCommand>();
  ImageCommand& image = *command;
  add_model_options(*parser, image.model);
  parser
      ->add_option("--engine", image.engine,
                   "reference, accelerated, null, \"folder DIR\", or a command")
      ->capture_default_str();
  parser->add_option("--prompt", image.prompt, "what to draw");
  parser->add_option("--negative", image.negative, "negative prompt");
  CLI::Option* seed = parser->add_option("--seed", image.seed, "seed of the initial noise");
  check_seed(*seed);
  seed->capture_default_str();
  parser->add_option("--steps", image.steps, "sampler steps")->capture_default_str();
  parser->add_option("--scheduler", image.scheduler,
                     "another sampler: a class name such as DPMSolverMultistepScheduler with the "
                     "model's own config, a scheduler_config.json, or a folder with one");
  parser
      ->add_option("--lora", image.lora,
                   "FILE or FILE=SCALE: a LoRA to fuse into the model, a .safetensors file or a "
                   "folder with one; several are fused in their order")
      ->take_all()
      ->allow_extra_args(false);
  parser->add_option("--guidance", image.guidance, "guidance scale; off at 1")
      ->capture_default_str();
  parser->add_option("--size", image.size, "WIDTHxHEIGHT in pixels")->capture_default_str();
  parser->add_option("--deepcache", image.deepcache, "INTERVAL/LAYER/BLOCK or INTERVAL/branch:K");
  parser
      ->add_option("--set", image.set,
                   "AXIS=VALUE, such as env.NAME=0, load.precision=fp16 or "
                   "request.timesteps=[999,749,499,249]")
      ->take_all();
  add_keep_env(*parser, image.keep);
  parser->add_option("--devices", image.devices,
                     "GPU to use, as `run` has it, or cpu (default: as `run`)");
  parser->add_option("--case", image.case_of, "RUN/ID: this case of a run, in its own environment");
  parser->add_option("--out", image.out, "PNG to write")->required();
  parser->add_option("--tensors", image.tensors,
                     "safetensors to write: noise, embeddings, latents, image, ...");
  parser->add_option("--trace", image.trace,
                     "safetensors to write: latents and block norms of every step");
  return {parser, [command](const CommandLine&) { return make_image(*command); }};
}

}  // namespace sameseed
