// The noise of a run: a file for each model, sampler, number of steps, precision, size and seed,
// drawn by a process of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "bench/worker/machine.h"
#include "bench/worker/time_limits.h"

namespace sameseed {

// A request to `sameseed-worker noise`. `load` names the model, whose config files say how
// many channels latents have, and how much noise the steps of its sampler add.
nlohmann::json noise_message(const nlohmann::json& load, const nlohmann::json& request,
                             const std::string& precision, const std::string& out);

// Safe to share by threads.
class NoiseFiles {
 public:
  // Removes the files of earlier starts, which a power loss may have damaged: drawn again they are
  // the same. `start` is an id of this start of the program, for the log; `limits` and `machine`
  // must outlive it. The process belongs to the thread that first needs a new file: no thread may
  // end before all have what they need.
  NoiseFiles(const std::filesystem::path& run, const std::string& start, TimeLimits& limits,
             Machine& machine);

  // The file for this case of the plan, drawn where it is not there yet: only who needs a new one
  // waits for the process. Throws WorkerFailure.
  std::string file_for(const nlohmann::json& planned_case, const nlohmann::json& load);

  // Where that file lies, drawn or not.
  std::filesystem::path place_of(const nlohmann::json& planned_case,
                                 const nlohmann::json& load) const;

  // Where the process that draws writes its stderr.
  const std::filesystem::path& log() const { return log_; }

 private:
  std::filesystem::path run_, log_;
  std::mutex mutex_;
  std::unique_ptr<Worker> worker_;
  TimeLimits& limits_;
  Machine& machine_;
};

}  // namespace sameseed
