#include "bench/score/scorer_process.h"

#include <fmt/format.h>

#include <utility>

#include "bench/sweep/sample_maker.h"
#include "bench/system/programs.h"

namespace sameseed {
namespace {

using nlohmann::json;

const json kDescribe = {{"op", "describe"}};
constexpr int kPatience = 4;              // with one that gives way to others
constexpr const char* kWhose = "scorer";  // of time limits

std::string last_words(const std::filesystem::path& log) {
  const std::vector<std::string> lines = last_lines(log);
  return lines.empty() ? "" : "; it said: " + lines.back();
}

std::string scorer_program() { return program("sameseed-scorer").string(); }

}  // namespace

ScorerProcess::ScorerProcess(Start start, std::filesystem::path log, TimeLimits& limits,
                             std::function<void(const std::string&)> say)
    : start_(std::move(start)), log_(std::move(log)), limits_(limits), say_(std::move(say)) {}

json ScorerProcess::ask(const json& message) {
  const std::string op = message.at("op");
  const auto began = std::chrono::steady_clock::now();
  const int patience = message.value("beside", false) ? kPatience : 1;
  json answer = worker_->ask(message, patience * limits_.limit(kWhose, op));
  limits_.learn(kWhose, op,
                std::chrono::ceil<TimeLimits::Duration>(std::chrono::steady_clock::now() - began));
  return answer;
}

void ScorerProcess::begin() try {
  worker_ = start_();
  worker_->send_ahead(kDescribe.dump());
} catch (const WorkerFailure&) {  // the next start says why
  worker_.reset();
}

void ScorerProcess::start() {
  if (!worker_) {
    is_described_ = false;
    worker_ = start_();
  }
  if (is_described_) return;
  const json answer = ask(kDescribe);
  scorer_ = answer.value("scorer", json());
  if (!scorer_.is_object() || !scorer_.value("hash", json()).is_string())
    throw WorkerFailure("rubbish", "it does not say what its metrics are");
  is_described_ = true;
}

json ScorerProcess::with_second_try(const std::function<json()>& work) {
  for (bool again = false;; again = true) try {
      return work();
    } catch (const WorkerFailure& failure) {
      worker_.reset();
      is_described_ = false;
      if (failure.alive())  // it would say the same again
        throw ScorerFailure(fmt::format("the scorer {}: {}", scorer_program(), failure.what()));
      const bool hung = failure.kind == "hung";
      if (again)
        throw ScorerFailure(
            hung ? fmt::format("the scorer {} hung twice ({}) and was ended; the pictures stand; "
                               "`sameseed score` with a longer --time-limit goes on",
                               scorer_program(), failure.what())
                 : fmt::format("the scorer {} ended twice: {}; the pictures stand{}",
                               scorer_program(), failure.what(), last_words(log_)));
      say_(fmt::format("the scorer {} {}: {}; it is started anew", scorer_program(),
                       hung ? "hung and was ended" : "ended", failure.what()));
    }
}

const json& ScorerProcess::scorer() {
  with_second_try([this] {
    start();
    return json();
  });
  return scorer_;
}

json ScorerProcess::score(const json& message) {
  return with_second_try([&] {
    start();
    json answer = ask(message);
    if (!answer.value("pair", json()).is_object() || !answer.value("warnings", json()).is_array())
      throw WorkerFailure("rubbish", "its answer holds no scores");
    return answer;
  });
}

std::unique_ptr<Worker> start_scorer(const std::filesystem::path& run,
                                     const std::filesystem::path& log) {
  std::vector<std::string> environment = clean_environment();
  environment.push_back("OMP_NUM_THREADS=1");
  environment.push_back("SAMESEED_SCORER=1");  // tells its children from those of engines
  return std::make_unique<ProcessWorker>(
      std::vector<std::string>{scorer_program(), "serve", std::filesystem::absolute(run).string(),
                               "--weights", data("metrics/weights").string()},
      environment, log);
}

}  // namespace sameseed
