// One attempt to make a sample: what its worker is asked, and what its record says of the answer.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/plan/plan_index.h"
#include "bench/sweep/dispatcher.h"
#include "bench/worker/noise_files.h"

namespace sameseed {

// The last lines of a process's log, which may not be there.
std::vector<std::string> last_lines(const std::filesystem::path& log);

// The file of the case's noise, drawn where it is not there yet. A process that dies over it gets a
// second try. Throws WorkerFailure.
std::string noise_for(NoiseFiles& noise, const nlohmann::json& planned_case,
                      const nlohmann::json& load);

inline constexpr const char* kNoNoise = "no_noise";  // an outcome that no engine is to blame for

// Safe to share by threads.
class SampleMaker {
 public:
  // `index` and `noise` must outlive it. `traced`: the latents and block norms of every step are
  // written as well.
  SampleMaker(std::filesystem::path run, const PlanIndex& index, bool traced, NoiseFiles& noise);

  // Makes the sample with the workers of one slot. Returns the fields that its record gets: the
  // outcome, with what the worker answered or with the error and the end of the worker's log. Where
  // the engine refused to load, `refused_at` is "load". Where no noise could be drawn, at the
  // second try as well, the outcome is "no_noise": no worker was asked, and the log is the noise
  // process's.
  nlohmann::json make(const nlohmann::json& sample, Dispatcher& dispatcher) const;

 private:
  nlohmann::json request_for(const nlohmann::json& sample, const std::string& noise) const;

  std::filesystem::path run_;
  const PlanIndex& index_;
  bool traced_;
  NoiseFiles& noise_;
};

}  // namespace sameseed
