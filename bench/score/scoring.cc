#include "bench/score/scoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "bench/sweep/sample_files.h"
#include "io/error.h"
#include "io/input_file.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr auto kUnflushed = std::chrono::seconds(4);  // what a power loss may take
constexpr std::size_t kPairsAProcess = 8;  // fewer are not worth the start of another one
constexpr int kMostScorers = 8;            // each holds the planes of a pair and a network

}  // namespace

Scoring::Scoring(const std::filesystem::path& run, ScoringOptions options)
    : run_(std::filesystem::absolute(run)),
      options_(std::move(options)),
      pairs_(wanted_pairs(read_json(run / "plan.json"), options_.shard)),
      limits_(options_.time_limit),
      first_(new_scorer()),
      log_(run_) {
  for (std::size_t place = 0; place < pairs_.size(); ++place)
    for (const std::string& one : {pairs_[place].candidate, pairs_[place].reference})
      pairs_of_.emplace(one, place);
  if (!log_.passed_over().empty()) note(log_.passed_over());
}

Scoring::~Scoring() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::kOver;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

ScorerProcess Scoring::new_scorer() {
  const std::filesystem::path log = run_ / "logs" / "scorer.log";
  return {options_.start ? options_.start : [this, log] { return start_scorer(run_, log); }, log,
          limits_,
          [this](const std::string& text) {
            const std::lock_guard lock(mutex_);
            note(text);
          }};
}

void Scoring::note(const std::string& text) { notes_.push_back(text); }

void Scoring::start() {
  std::error_code none;  // of what is not there
  std::filesystem::remove(run_ / "logs" / "scorer.log", none);
  first_.begin();
}

std::string Scoring::problem() try {
  scorer_ = first_.scorer();
  metrics_ = scorer_.at("hash");
  return "";
} catch (const ScorerFailure& failure) {
  return failure.what();
}

std::string Scoring::begins(const std::set<std::string>& finished, int cores) {
  if (std::string found = problem(); !found.empty()) return found;
  const std::lock_guard lock(mutex_);
  are_files_checked_ = true;
  std::string told;  // by the sweep
  made_ = read_made_pictures(
      run_, [&](const std::string& sample) { return finished.contains(sample); }, told);
  for (std::size_t place = 0; place < pairs_.size(); ++place) enqueue_if_due(place);
  beside_ = std::min(cores, kMostScorers);
  start_threads(beside_);
  return "";
}

void Scoring::take_records() {
  const auto records = run_ / "records.jsonl";
  if (is_absent(records))
    throw UserError(records.string() + ": not there; run `sameseed generate` first");
  const std::lock_guard lock(mutex_);
  std::string passed_over;
  made_ = read_made_pictures(
      run_, [](const std::string&) { return true; }, passed_over);
  if (!passed_over.empty()) note(passed_over);
  for (std::size_t place = 0; place < pairs_.size(); ++place) enqueue_if_due(place);
}

void Scoring::made(const json& record) {
  if (record.at("kind") != "quality" || record.at("outcome") != "ok") return;
  {
    const std::lock_guard lock(mutex_);
    made_[record.at("case")] = scored_part(record);
    const auto [begin, end] = pairs_of_.equal_range(record.at("case").get<std::string>());
    for (auto at = begin; at != end; ++at) enqueue_if_due(at->second);
  }
  changed_.notify_all();
}

// Somebody may have put another file in its place since it was scored.
bool Scoring::has_other_files(const std::string& planned_case) {
  if (are_files_checked_) return false;
  const auto [found, is_new] = other_files_.try_emplace(planned_case, false);
  if (is_new) found->second = !files_are_there(run_, made_.at(planned_case));
  return found->second;
}

bool Scoring::is_scored(const WantedPair& pair, const std::string& key) {
  return log_.has(pair, key) && !has_other_files(pair.candidate) &&
         !has_other_files(pair.reference);
}

void Scoring::enqueue_if_due(std::size_t place) {
  if (queued_.contains(place)) return;
  const auto key = key_of(pairs_[place], made_, metrics_);
  if (!key || is_scored(pairs_[place], *key)) return;
  queue_.push_back(place);
  queued_.insert(place);
}

void Scoring::rest() {
  std::unique_lock lock(mutex_);
  if (state_ == State::kBeside) state_ = State::kResting;
  changed_.wait(lock, [this] { return in_flight_ == 0; });
}

void Scoring::go_on() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kResting) return;
    state_ = State::kBeside;
  }
  changed_.notify_all();
}

// Holds the lock.
void Scoring::start_threads(int count) {
  while (std::ssize(threads_) < count) {
    const bool is_first = threads_.empty();
    threads_.emplace_back([this, is_first] {
      if (is_first) return work(first_);
      ScorerProcess own = new_scorer();
      work(own);
    });
  }
}

void Scoring::work(ScorerProcess& scorer) {
  std::unique_lock lock(mutex_);
  const auto may_go = [this] {
    return state_ == State::kOver || state_ == State::kAfter || failure_ ||
           (state_ == State::kBeside && !queue_.empty());
  };
  for (;;) {
    changed_.wait(lock, may_go);
    if (state_ == State::kOver || failure_ || queue_.empty()) return;
    ++in_flight_;
    try {
      score_next(lock, scorer);
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      if (!failure_) failure_ = std::current_exception();
    }
    --in_flight_;
    changed_.notify_all();
  }
}

// The lock is not held while the scorer works.
void Scoring::score_next(std::unique_lock<std::mutex>& lock, ScorerProcess& scorer) {
  const std::size_t place = queue_.front();
  queue_.pop_front();
  const WantedPair& pair = pairs_[place];
  const std::string key = *key_of(pair, made_, metrics_);
  const json ask = {{"op", "score"},
                    {"id", key},
                    {"candidate", made_.at(pair.candidate)},
                    {"reference", made_.at(pair.reference)},
                    {"mapped", pair.mapped},
                    {"beside", state_ == State::kBeside}};
  lock.unlock();
  const json answer = scorer.score(ask);
  lock.lock();
  keep(place, key, answer);
  if (std::chrono::steady_clock::now() - flushed_ < kUnflushed) return;
  flushed_ = std::chrono::steady_clock::now();  // nobody else need do it meanwhile
  lock.unlock();
  log_.flush();
  lock.lock();
}

void Scoring::keep(std::size_t place, const std::string& key, const json& answer) {
  json line = answer.at("pair");
  line["key"] = key;
  line["metrics"] = metrics_;
  log_.add(scorer_, line);
  ++scored_;
  for (const json& warning : answer.at("warnings")) note(warning);
  queued_.erase(place);
  if (key_of(pairs_[place], made_, metrics_) != key) enqueue_if_due(place);  // made again meanwhile
}

void Scoring::finish() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::kAfter;
    const std::size_t wanted = (queue_.size() + kPairsAProcess - 1) / kPairsAProcess;
    start_threads(std::max(std::min({static_cast<int>(wanted), options_.cores, kMostScorers}),
                           queue_.empty() ? 0 : 1));
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (const std::string& text : notes_) std::cerr << "sameseed: " << text << "\n";
  notes_.clear();
  if (failure_) std::rethrow_exception(failure_);
  log_.add_scorer(scorer_);
  log_.flush();
  if (const auto [count, first] = log_.refused(); count > 0)
    std::cerr << fmt::format("sameseed: pairs without scores: {}; the first: {}\n", count, first);
}

}  // namespace sameseed
