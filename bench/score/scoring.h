// The scoring of a run: beside the making of its pictures, and what is left of it afterwards.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bench/plan/shard.h"
#include "bench/score/score_log.h"
#include "bench/score/scorer_process.h"
#include "bench/score/wanted_pairs.h"
#include "bench/sweep/beside.h"

namespace sameseed {

struct ScoringOptions {
  std::optional<std::chrono::milliseconds> time_limit;  // of a pair; learnt where there is none
  std::optional<Shard> shard;                           // of the pairs
  int cores = 1;                                        // of this machine
  ScorerProcess::Start start;                           // nothing: start_scorer()
};

// Scores each pair of a plan as soon as its two pictures are there, and keeps each score when it is
// known: a pair whose scores are in RUN/scores.jsonl, and whose files are still those, is not
// scored again. The caller holds the RunLock.
class Scoring final : public Beside {
 public:
  // Reads RUN/plan.json and RUN/scores.jsonl. Throws UserError.
  Scoring(const std::filesystem::path& run, ScoringOptions options);
  // Lets the pairs in flight end.
  ~Scoring() override;

  // Starts the first scorer, whose metrics test themselves, and waits for nothing.
  void start();
  // Waits for that: why the scorer cannot be used, or empty.
  std::string problem();

  std::string begins(const std::set<std::string>& finished, int cores) override;
  void made(const nlohmann::json& record) override;
  void rest() override;
  void go_on() override;

  // For a run whose pictures were made before: takes them from RUN/records.jsonl. Throws UserError
  // where that is not there.
  void take_records();

  // Scores what is left, on all cores. Tells on stderr how many pairs have no scores. Throws
  // ScorerFailure, DiskFull and UserError, also for what failed beside the sweep.
  void finish();

  std::size_t scored() const { return scored_; }  // pairs, by this object

 private:
  enum class State { kResting, kBeside, kAfter, kOver };

  void enqueue_if_due(std::size_t place);
  bool is_scored(const WantedPair& pair, const std::string& key);
  bool has_other_files(const std::string& planned_case);
  ScorerProcess new_scorer();
  void note(const std::string& text);
  void start_threads(int count);
  void work(ScorerProcess& scorer);
  void score_next(std::unique_lock<std::mutex>& lock, ScorerProcess& scorer);
  void keep(std::size_t place, const std::string& key, const nlohmann::json& answer);

  const std::filesystem::path run_;
  const ScoringOptions options_;
  const std::vector<WantedPair> pairs_;
  std::multimap<std::string, std::size_t> pairs_of_;  // case -> places in pairs_
  TimeLimits limits_;
  ScorerProcess first_;
  nlohmann::json scorer_;
  std::string metrics_;  // their hash

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  State state_ = State::kResting;
  bool are_files_checked_ = false;  // those of the pictures in made_, by who named them
  int beside_ = 0;                  // scorers that work beside a sweep
  MadePictures made_;
  std::map<std::string, bool> other_files_;  // case -> has_other_files()
  ScoreLog log_;
  std::deque<std::size_t> queue_;  // places in pairs_
  std::set<std::size_t> queued_;   // those in the queue or in flight
  std::size_t in_flight_ = 0, scored_ = 0;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
  std::vector<std::string> notes_;  // for people, who watch the sweep's progress meanwhile
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace sameseed
