// A process that scores pairs, started anew where it hangs or dies.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "bench/worker/time_limits.h"
#include "bench/worker/worker.h"

namespace sameseed {

// The scorer cannot be used; the pictures stand.
struct ScorerFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class ScorerProcess {
 public:
  using Start = std::function<std::unique_ptr<Worker>()>;
  // `limits` must outlive it, and is safe to share; `log` is where the process writes its stderr;
  // `say` gets what people should know.
  ScorerProcess(Start start, std::filesystem::path log, TimeLimits& limits,
                std::function<void(const std::string&)> say);

  // Starts it, and waits for nothing.
  void begin();

  // Starts it where it is not up: its metrics have passed their self-test. The line of scores.jsonl
  // that describes them. Throws ScorerFailure.
  const nlohmann::json& scorer();

  // The answer to a `score` message (score.h). One that hangs or dies is started anew once, and
  // asked again. Throws ScorerFailure.
  nlohmann::json score(const nlohmann::json& ask);

 private:
  nlohmann::json ask(const nlohmann::json& message);
  nlohmann::json with_second_try(const std::function<nlohmann::json()>& work);
  void start();

  const Start start_;
  const std::filesystem::path log_;
  TimeLimits& limits_;
  const std::function<void(const std::string&)> say_;
  std::unique_ptr<Worker> worker_;
  bool is_described_ = false;  // by this worker
  nlohmann::json scorer_;
};

// Starts `sameseed-scorer serve RUN`, which takes one core; its stderr is appended to `log`.
std::unique_ptr<Worker> start_scorer(const std::filesystem::path& run,
                                     const std::filesystem::path& log);

}  // namespace sameseed
