// Runs a plan: workers, noise, samples, records.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/plan/shard.h"
#include "bench/sweep/beside.h"
#include "bench/sweep/progress.h"
#include "bench/worker/machine.h"

namespace sameseed {

struct GenerateOptions {
  std::vector<std::string> command;  // of the run, for its record
  Verbosity verbosity = Verbosity::kNormal;
  std::string devices;                                  // as make_slots() has them
  std::optional<int> slots;                             // shares of the CPU
  std::optional<Shard> shard;                           // all of the plan where there is none
  std::optional<std::chrono::milliseconds> time_limit;  // of a request; learnt where there is none
  Beside* beside = nullptr;                             // what works on idle cores; nothing
};

struct GenerateResult {
  std::size_t failed = 0;        // samples; those that are unsupported do not count
  bool interrupted = false;      // by Ctrl-C or SIGTERM, after the sample in flight
  bool content_changed = false;  // a file of the model or the engine: what `stopped` says
  std::string stopped;           // what the user has to put right before it can go on, or empty
};

// Makes every sample of RUN/plan.json (or of the shard) that RUN/records.jsonl does not hold yet. A
// sample that fails is a record; the sweep goes on. The caller holds the RunLock.
GenerateResult generate(const std::filesystem::path& run, const GenerateOptions& options,
                        Machine& machine = this_machine());

}  // namespace sameseed
