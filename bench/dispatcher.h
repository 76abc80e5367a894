// The workers of a run: started with their own variables, loaded, warmed up, asked, and replaced
// when they are gone.
#pragma once

#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "bench/time_limits.h"
#include "bench/worker.h"

namespace sameseed {

class Dispatcher {
 public:
  // `record` files a worker's record; `logs` is where their stderr goes.
  Dispatcher(const nlohmann::json& plan, std::filesystem::path logs,
             std::function<void(const nlohmann::json&)> record);

  // The answer of the environment's worker to a `generate` request. A worker that is not up is
  // started and warmed up with the same request, less its files. Throws WorkerFailure.
  nlohmann::json generate(const std::string& environment, const nlohmann::json& request);

  // The id of the worker that answered (or failed) last, and where its stderr went.
  const std::string& last_worker() const { return last_worker_; }
  std::filesystem::path log_of(const std::string& worker) const {
    return logs_ / (worker + ".log");
  }

 private:
  struct Running {
    std::string environment, id;
    std::unique_ptr<Worker> worker;
  };

  Running& running(const std::string& environment, const nlohmann::json& request);
  nlohmann::json ask(Running& running, const nlohmann::json& message);

  std::filesystem::path logs_;
  std::function<void(const nlohmann::json&)> record_;
  std::map<std::string, nlohmann::json> environments_;
  std::set<std::string> swept_;  // variables that any environment names
  int warm_ups_;
  std::list<Running> running_;  // the last used first
  TimeLimits limits_;
  std::string last_worker_;
  int started_ = 0;
};

// The command line of a worker for this engine: one of ours, or an outside program with arguments.
std::vector<std::string> worker_command(const std::string& engine);

}  // namespace sameseed
