// One attempt to make a sample: what its worker is asked, and what its record says of the answer.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/plan/plan_index.h"
#include "bench/sweep/dispatcher.h"
#include "bench/worker/noise_files.h"

namespace sameseed {

// Safe to share by threads.
class SampleMaker {
 public:
  // `index` and `noise` must outlive it. `traced`: the latents and block norms of every step are
  // written as well.
  SampleMaker(std::filesystem::path run, const PlanIndex& index, bool traced, NoiseFiles& noise);

  // Makes the sample with the workers of one slot. Returns the fields that its record gets: the
  // outcome, with what the worker answered or with the error and the end of the worker's log.
  nlohmann::json make(const nlohmann::json& sample, Dispatcher& dispatcher) const;

 private:
  nlohmann::json request_for(const nlohmann::json& sample) const;

  std::filesystem::path run_;
  const PlanIndex& index_;
  bool traced_;
  NoiseFiles& noise_;
};

}  // namespace sameseed
