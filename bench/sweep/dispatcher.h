// The workers of one slot: started with their own variables, loaded, warmed up, asked, and replaced
// when they end.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/plan/plan_index.h"
#include "bench/system/device_watch.h"
#include "bench/system/slots.h"
#include "bench/worker/machine.h"
#include "bench/worker/time_limits.h"

namespace sameseed {

// What the slots of one run have in common.
struct Crew {
  const nlohmann::json& plan;
  const PlanIndex& index;                                  // of the plan
  std::filesystem::path logs;                              // where workers' stderr goes
  TimeLimits& limits;                                      // learns from every answer
  std::function<std::string()> name_worker;                // an id that no worker of any start had
  std::function<void(const nlohmann::json&)> file_record;  // appends it to the log
  // What a worker that has loaded is made of, for its record. Throws ContentChanged.
  std::function<nlohmann::json(const nlohmann::json& environment, const nlohmann::json& answer)>
      admit;
  const Nvml* nvml;  // null where no slot is a GPU
  Machine& machine;
};

// An engine that will not load an environment at all, and says so: it would answer the same again.
struct LoadRefused : WorkerFailure {
  using WorkerFailure::WorkerFailure;
};

class Dispatcher {
 public:
  // `crew` must outlive it.
  Dispatcher(const Crew& crew, Slot slot);

  // The answer of the environment's worker to a `generate` request. A worker that is not up is
  // started and warmed up with the same request, less its files. Throws WorkerFailure, and of it
  // LoadRefused where the engine does not support what it is to load.
  nlohmann::json generate(const std::string& environment, const nlohmann::json& request);

  // Starts workers for environments that are needed next, as many as may be up at once, and has
  // them load beside whatever goes on meanwhile. Others that were to load ahead are given up; of
  // those that are up, the ones that are not named go first. A failure is its sample's, later.
  void load_ahead(const std::vector<std::string>& environments);
  // Returns once all of them have loaded: before a sample is timed.
  void await_loads();

  // Ends the environment's worker, whose state is not to be trusted.
  void drop(const std::string& environment);

  // Of the last request that was answered: the state of the GPU just before and just after it (null
  // on a CPU), what of the CPU went to others during it (null on a GPU, and where its times are
  // valid), and why its times are invalid.
  const nlohmann::json& device() const { return device_; }
  const nlohmann::json& cpu() const { return cpu_; }
  const std::vector<std::string>& invalid() const { return invalid_; }
  // How long it took, as seen from here.
  double wall_ms() const { return wall_ms_; }
  // What the warm-ups took, by the worker's own clock, that were made for it; most have none.
  const std::vector<double>& warm_ups_ms() const { return warm_ups_ms_; }
  // Who else was on the device before the first worker started; null on a CPU.
  const DeviceWatch* watch() const { return watch_ ? &*watch_ : nullptr; }

  // The id of the worker that answered (or failed) last, and where its stderr went.
  const std::string& last_worker() const { return last_worker_; }
  std::filesystem::path log_of(const std::string& worker) const {
    return crew_.logs / (worker + ".log");
  }

 private:
  struct Running {
    std::string environment, id;
    std::unique_ptr<Worker> worker;
  };

  // A worker on its way.
  struct Loading {
    Running fresh;
    nlohmann::json message;                     // what it is to load
    std::map<std::string, std::string> before;  // model_before_load()
    std::string started = {};                   // time of day
    Machine::Clock::time_point began = {};
    bool has_loaded = false;
    std::exception_ptr failure = {};  // of the worker; none
  };

  // The environment's worker, started and warmed up where it is not up.
  Running& running(const std::string& environment, const nlohmann::json& request);
  // Starts a process that has loaded nothing yet.
  Loading start(const std::string& environment);
  // Waits until it has loaded its model, and files its record.
  void finish(Loading& loading);
  // A worker that has loaded, whether that was begun ahead or not.
  Running loaded(const std::string& environment);
  nlohmann::json load_answer(Loading& loading);
  void warm_up(Running& fresh, nlohmann::json request);
  nlohmann::json ask_on_cpu(Running& worker, const nlohmann::json& request);
  nlohmann::json ask(Running& running, const nlohmann::json& message);
  nlohmann::json ask(Running& running, const nlohmann::json& message,
                     Machine::Clock::time_point began);

  const Crew& crew_;
  Slot slot_;
  std::set<std::string> swept_;  // variables that any environment names
  std::list<Running> running_;   // the last used first
  std::list<Loading> loading_;   // ahead
  std::string last_worker_;
  std::optional<DeviceWatch> watch_;
  nlohmann::json device_, cpu_;
  std::vector<std::string> invalid_;
  double wall_ms_ = 0;
  std::vector<double> warm_ups_ms_;
};

}  // namespace sameseed
