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
  return ask(running, message, crew_.machine.now());
}

json Dispatcher::ask(Running& running, const json& message, Machine::Clock::time_point began) {
  const std::string op = message.at("op");
  last_worker_ = running.id;
  json answer = running.worker->ask(message, crew_.limits.limit(running.environment, op));
  const auto time = crew_.machine.now() - began;
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
  Running fresh = loaded(environment);
  warm_up(fresh, request);
  running_.push_front(std::move(fresh));
  return running_.front();
}

Dispatcher::Loading Dispatcher::start(const std::string& environment_id) {
  const json& environment = crew_.index.environment(environment_id);
  const std::string id = last_worker_ = crew_.name_worker();
  Variables variables = variables_of(environment);
  variables.insert(slot_.variables.begin(), slot_.variables.end());  // the plan's own come first
  Loading loading{
      .fresh = {environment_id, id,
                crew_.machine.start(worker_command(environment.at("engine"), slot_.worker),
                                    environment_for(variables, swept_), log_of(id))},
      .message = environment.at("load"),
      .before = {}};
  loading.message["op"] = "load";
  loading.started = now();
  loading.before = model_before_load(environment.at("load"));
  loading.began = crew_.machine.now();
  return loading;
}

void Dispatcher::finish(Loading& loading) {
  if (loading.has_loaded) return;
  const Running& fresh = loading.fresh;
  const json& environment = crew_.index.environment(fresh.environment);
  const json answer = load_answer(loading);
  const json content = crew_.admit(environment, answer);
  refuse_changed_in_load(environment.at("load"), loading.before, content);
  json record = {
      {"type", "worker"},   {"worker", fresh.id},         {"environment", fresh.environment},
      {"slot", slot_.name}, {"pid", fresh.worker->pid()}, {"started", loading.started},
      {"load", answer},     {"content", content}};
  if (watch_) record["device"] = device_entry(*watch_);
  crew_.file_record(record);
  loading.has_loaded = true;
}

json Dispatcher::load_answer(Loading& loading) try {
  return ask(loading.fresh, loading.message, loading.began);
} catch (const WorkerFailure& failure) {
  if (failure.kind == "unsupported") throw LoadRefused(failure.kind, failure.what());
  throw;
}

void Dispatcher::load_ahead(const std::vector<std::string>& environments) {
  if (!crew_.machine.loads_ahead()) return;
  const auto is_named = [&](const std::string& one) {
    return std::ranges::find(environments, one) != environments.end();
  };
  loading_.remove_if([&](const Loading& one) { return !is_named(one.fresh.environment); });
  for (const std::string& environment : environments) {
    const auto is_it = [&](const std::string& one) { return one == environment; };
    if (std::ranges::any_of(running_, is_it, &Running::environment) ||
        std::ranges::any_of(loading_,
                            [&](const Loading& one) { return is_it(one.fresh.environment); }))
      continue;
    while (running_.size() + loading_.size() >= kMostWorkers) {
      const auto oldest = std::find_if(running_.rbegin(), running_.rend(), [&](const Running& one) {
        return !is_named(one.environment);
      });
      if (oldest == running_.rend()) return;
      running_.erase(std::next(oldest).base());
    }
    try {
      loading_.push_back(start(environment));
      loading_.back().fresh.worker->send_ahead(loading_.back().message.dump());
    } catch (
        const WorkerFailure&) {  // it comes to light with its first sample, which starts it anew
      loading_.remove_if([&](const Loading& one) { return is_it(one.fresh.environment); });
    }
  }
}

void Dispatcher::await_loads() {
  for (Loading& loading : loading_) try {
      finish(loading);
    } catch (const WorkerFailure&) {
      loading.failure = std::current_exception();
    }
}

Dispatcher::Running Dispatcher::loaded(const std::string& environment) {
  const auto found = std::ranges::find_if(
      loading_, [&](const Loading& one) { return one.fresh.environment == environment; });
  if (found != loading_.end()) {
    Loading loading = std::move(*found);
    loading_.erase(found);
    last_worker_ = loading.fresh.id;
    if (loading.failure) std::rethrow_exception(loading.failure);
    finish(loading);
    return std::move(loading.fresh);
  }
  while (!running_.empty() && running_.size() + loading_.size() >= kMostWorkers)
    running_.pop_back();  // the one used longest ago
  Loading loading = start(environment);
  finish(loading);
  return std::move(loading.fresh);
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
