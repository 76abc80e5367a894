// What must hold of a run, told by what was done to it. Knows the documents, not the code: limits,
// strikes, blocks and counts are computed here once more.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/plan/plan_index.h"
#include "bench/sweep/generate.h"
#include "tests/simulation/deeds.h"
#include "tests/simulation/turns.h"

namespace sameseed::simulation {

using Milliseconds = std::chrono::milliseconds;

// What happened to one slot: a request, a wait for a lock, a worker's end.
struct Happening {
  Op op = 'g';  // of a request; '-': a wait for a lock; 'q': the end of a worker; 's': a start
  std::string environment, sample;  // or, of noise, its file
  std::string outcome;              // "ok", a failure's kind, "content" (it is another)
  bool is_answered = false;         // its time is learnt
  bool shared = false;              // others held the CPU meanwhile
  double total_ms = 0;              // as the worker said
  Time began, ended;
  std::size_t order = 0;  // of its begin, among all begins and all noise
};

// Every sample of the plan whose newest record is well, and whose block (if any) one start made
// whole with valid times.
std::set<std::string> finished_samples(const nlohmann::json& plan,
                                       const std::filesystem::path& run);

class Expectations {
 public:
  Expectations(const nlohmann::json& plan, std::filesystem::path run, std::set<std::string> shard,
               std::optional<Milliseconds> fixed_limit)
      : plan_(plan), run_(std::move(run)), shard_(std::move(shard)), fixed_(fixed_limit) {
    for (const nlohmann::json& sample : plan.at("samples")) samples_[sample.at("id")] = &sample;
  }

  // One call of generate().
  void start_begins(Time now);
  void start_ends(Time now, const GenerateResult& result);
  void start_throws(Time now, const std::string& what);

  // Of the slot whose turn it is. -1: before the slots begin, or after them.
  void request_begins(int slot, Op op, const std::string& environment, Milliseconds limit);
  // Something begins of which happened() will tell.
  void begins(int slot, Time now);
  void happened(int slot, const Happening& happening);
  void noise_is_there(const std::string& file) { noise_.emplace(file, ++order_); }
  // A line that is about to be appended. False: it does not get there, for want of room.
  void line(int slot, const nlohmann::json& line, Time now, bool gets_there);
  void flushed(Time now, bool is_well);

  // What was done to the run.
  void signalled(Time now) { stops("signal", now); }
  void disk_is_full(Time now) { stops("disk", now); }
  bool is_signalled() const { return reasons_.contains("signal"); }

  std::optional<int> recorded_model() const { return recorded_model_; }

  // The version of the model that the run is made of, once a worker has been admitted.
  std::optional<int> model;
  std::vector<std::string> wrong;

 private:
  struct Slot {
    std::vector<Happening> happenings;  // since its last record
    std::map<std::string, int> strikes;
    std::set<std::string> refused;
    Time began;
    std::size_t order = 0;
    bool is_taken = false, has_begun = false;
    std::optional<Time> recorded;  // unflushed since
  };

  void stops(const std::string& why, Time now) { reasons_.emplace(why, now); }
  Milliseconds limit_of(const std::string& environment, Op op) const;
  void learn(const std::string& environment, Op op, Milliseconds took);
  bool may_begin(Time when) const;
  void begin_sample(Slot& slot, Time began);
  void check_sample(Slot& slot, const nlohmann::json& record, Time now);
  std::string expected_outcome(const Slot& slot, const nlohmann::json& record);
  static bool has_no_noise(const Slot& slot);
  void check_noise(const Slot& slot);
  void check_times(const Slot& slot, const nlohmann::json& record, Time now);
  void check_files(const nlohmann::json& record);
  void count(const std::string& environment, const nlohmann::json& record, Time now);
  void check_worker(const nlohmann::json& record);
  void check_log();
  void check_all_made(const std::string& stopped);
  template <typename... T>
  void say(const T&... parts);
  const nlohmann::json& case_of(const std::string& sample) const;

  const nlohmann::json& plan_;
  const PlanIndex index_{plan_};
  const std::filesystem::path run_;
  const std::set<std::string> shard_;
  const std::optional<Milliseconds> fixed_;
  std::map<std::string, const nlohmann::json*> samples_;

  std::optional<int> recorded_model_;
  std::map<int, Slot> slots_;
  std::map<std::string, Time> reasons_;
  std::map<std::string, std::size_t> noise_;                      // file -> its place in the order
  std::map<std::pair<std::string, char>, Milliseconds> slowest_;  // "" for any environment
  std::map<std::string, int> strikes_;
  std::map<std::string, std::string> workers_;  // that have a record of this start -> environment
  std::set<std::string> refused_, made_, to_make_;
  std::size_t failed_ = 0, lines_ = 0, blameless_ = 0, unflushed_ = 0, offset_ = 0, order_ = 0;
  Time began_, flushed_;
  Time::duration busy_{};
  std::string last_type_, last_reason_;
};

}  // namespace sameseed::simulation
