#include "bench/sweep/dispatcher.h"

#include <algorithm>
#include <utility>

#include "bench/plan/timing_groups.h"
#include "bench/system/clock.h"
#include "bench/system/cpu_watch.h"
#include "bench/system/device_record.h"
#include "bench/worker/content.h"
#include "bench/worker/worker_command.h"

namespace sameseed {
namespace {

using nlohmann::json;

}  // namespace

Dispatcher::Dispatcher(const Crew& crew, Slot slot) : crew_(crew), slot_(std::move(slot)) {
  for (const json& environment : crew.plan.at("environments"))
    for (const auto& [name, value] : environment.at("variables").items()) swept_.insert(name);
  if (slot_.gpu && crew.nvml) watch_.emplace(*crew.nvml, *slot_.gpu);
}

json Dispatcher::ask(Running& running, const json& message) {
  const std::string op = message.at("op");
  const auto start = crew_.machine.now();
  last_worker_ = running.id;
  json answer = running.worker->ask(message, crew_.limits.limit(running.environment, op));
  const auto time = crew_.machine.now() - start;
  wall_ms_ = std::chrono::duration<double, std::milli>(time).count();
  crew_.limits.learn(running.environment, op, std::chrono::ceil<TimeLimits::Duration>(time));
  return answer;
}

Dispatcher::Running& Dispatcher::running(const std::string& environment, const json& request) {
  const auto found = std::find_if(running_.begin(), running_.end(), [&](const Running& worker) {
    return worker.environment == environment;
  });
  if (found != running_.end()) {
    running_.splice(running_.begin(), running_, found);
    return running_.front();
  }
  while (running_.size() >= kMostWorkers) running_.pop_back();  // the one used longest ago
  Running fresh = start(environment);
  warm_up(fresh, request);
  running_.push_front(std::move(fresh));
  return running_.front();
}

Dispatcher::Running Dispatcher::start(const std::string& environment_id) {
  const json& environment = crew_.index.environment(environment_id);
  const std::string id = last_worker_ = crew_.name_worker();
  Variables variables = variables_of(environment);
  variables.insert(slot_.variables.begin(), slot_.variables.end());  // the plan's own come first
  Running fresh{environment_id, id,
                crew_.machine.start(worker_command(environment.at("engine"), slot_.worker),
                                    environment_for(variables, swept_), log_of(id))};
  json load = environment.at("load");
  load["op"] = "load";
  const std::string started = now();
  const auto before = model_before_load(environment.at("load"));
  const json answer = load_answer(fresh, load);
  const json content = crew_.admit(environment, answer);
  refuse_changed_in_load(environment.at("load"), before, content);
  json record = {{"type", "worker"},
                 {"worker", id},
                 {"environment", environment_id},
                 {"slot", slot_.name},
                 {"pid", fresh.worker->pid()},
                 {"started", started},
                 {"load", answer},
                 {"content", content}};
  if (watch_) record["device"] = device_entry(*watch_);
  crew_.file_record(record);
  return fresh;
}

json Dispatcher::load_answer(Running& fresh, const json& load) try {
  return ask(fresh, load);
} catch (const WorkerFailure& failure) {
  if (failure.kind == "unsupported") throw LoadRefused(failure.kind, failure.what());
  throw;
}

void Dispatcher::warm_up(Running& fresh, json request) {
  request["id"] = "warm-up";
  for (const char* file : {"image", "latents", "tensors"}) request[file] = "";
  request.erase("trace");
  const int warm_ups = crew_.plan.at("timing").at("warmup");
  for (int i = 0; i < warm_ups; ++i) {
    const json answer = ask(fresh, request);
    const json total = answer.value("timings_ms", json::object()).value("total", json());
    if (total.is_number() && total >= 0) warm_ups_ms_.push_back(total);
  }
}

json Dispatcher::generate(const std::string& environment, const json& request) {
  device_ = cpu_ = nullptr;
  invalid_.clear();
  warm_ups_ms_.clear();
  try {
    Running& worker = running(environment, request);
    if (!watch_) return ask_on_cpu(worker, request);
    const DeviceReading before = watch_->read();
    const auto start = crew_.machine.now();
    json answer = ask(worker, request);
    const auto time = crew_.machine.now() - start;
    const DeviceReading after = watch_->read();
    device_ = {{"before", reading_json(before)}, {"after", reading_json(after)}};
    invalid_ = invalid_reasons(watch_->facts(), before, after, time);
    return answer;
  } catch (const WorkerFailure& failure) {
    if (!failure.alive()) drop(environment);
    throw;
  }
}

json Dispatcher::ask_on_cpu(Running& worker, const json& request) {
  const CpuReading before = crew_.machine.read_cpu(worker.worker->pid());
  const auto start = crew_.machine.now();
  json answer = ask(worker, request);
  const auto time = crew_.machine.now() - start;
  const CpuReading after = crew_.machine.read_cpu(worker.worker->pid());
  invalid_ = invalid_reasons(before, after, time);
  if (!invalid_.empty()) cpu_ = cpu_json(before, after);
  return answer;
}

void Dispatcher::drop(const std::string& environment) {
  running_.remove_if([&](const Running& worker) { return worker.environment == environment; });
}

}  // namespace sameseed
