#include "bench/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bench/clock.h"
#include "bench/programs.h"

namespace sameseed {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

// Reference, candidate, and the candidate with its switches off: the two comparisons of a setting
// are timed without a reload.
constexpr std::size_t kMostWorkers = 3;

}  // namespace

Dispatcher::Dispatcher(const json& plan, std::filesystem::path logs,
                       std::function<void(const json&)> record)
    : logs_(std::move(logs)),
      record_(std::move(record)),
      warm_ups_(plan.at("timing").at("warmup").get<int>()) {
  for (const json& environment : plan.at("environments")) {
    environments_[environment.at("id")] = environment;
    for (const auto& [name, value] : environment.at("variables").items()) swept_.insert(name);
  }
}

json Dispatcher::ask(Running& running, const json& message) {
  const std::string op = message.at("op");
  const auto start = Clock::now();
  last_worker_ = running.id;
  json answer = running.worker->ask(message, limits_.limit(running.environment, op));
  limits_.learn(running.environment, op,
                std::chrono::ceil<TimeLimits::Duration>(Clock::now() - start));
  return answer;
}

Dispatcher::Running& Dispatcher::running(const std::string& environment_id, const json& request) {
  const auto found = std::find_if(running_.begin(), running_.end(), [&](const Running& one) {
    return one.environment == environment_id;
  });
  if (found != running_.end()) {
    running_.splice(running_.begin(), running_, found);
    return running_.front();
  }
  while (running_.size() >= kMostWorkers) running_.pop_back();  // the one used longest ago
  const json& environment = environments_.at(environment_id);
  const std::string id = last_worker_ = fmt::format("{}-{}", environment_id, ++started_);
  Variables variables;
  for (const auto& [name, value] : environment.at("variables").items())
    variables[name] = value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
  Running fresh{environment_id, id,
                std::make_unique<Worker>(worker_command(environment.at("engine")),
                                         environment_for(variables, swept_), log_of(id))};
  json load = environment.at("load");
  load["op"] = "load";
  const std::string started = now();
  const json answer = ask(fresh, load);
  record_({{"type", "worker"},
           {"worker", id},
           {"environment", environment_id},
           {"pid", fresh.worker->pid()},
           {"started", started},
           {"load", answer}});
  json warm_up = request;
  warm_up["id"] = "warm-up";
  for (const char* file : {"image", "latents", "tensors"}) warm_up[file] = "";
  for (int i = 0; i < warm_ups_; ++i) ask(fresh, warm_up);
  running_.push_front(std::move(fresh));
  return running_.front();
}

json Dispatcher::generate(const std::string& environment, const json& request) {
  try {
    return ask(running(environment, request), request);
  } catch (const WorkerFailure& failure) {
    if (!failure.alive())
      running_.remove_if([&](const Running& one) { return one.environment == environment; });
    throw;
  }
}

std::vector<std::string> worker_command(const std::string& engine) {
  for (const char* ours : {"reference", "accelerated", "null", "noise"})
    if (engine == ours) return {program("sameseed-worker").string(), engine};
  std::vector<std::string> words(1);
  for (const char c : engine) {
    if (c != ' ')
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  return words;
}

}  // namespace sameseed
