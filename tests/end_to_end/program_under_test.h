// What the end-to-end tests share: the real program over small matrices, and what of a run must be
// equal however it came about.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

extern const std::string kProgram;  // build/.../bin/sameseed
// An engine; the second word of its command is its fault.
extern const std::string kMisbehaving;

// A folder of this test's own, empty.
std::string fresh_folder(const std::string& name);

// Writes FOLDER/m.json: both arms are `engine`, one switch X with two values.
std::string write_matrix(const std::string& folder, const std::string& engine,
                         const std::vector<int>& seeds, int blocks,
                         const std::string& size = "64x64");

// A program that runs beside the test, its output in `log`.
class Started {
 public:
  Started(const std::vector<std::string>& command, const std::string& log);
  ~Started();
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  void signal(int number) const;
  int wait();  // exit code, or 128 + signal
  bool ended_within(std::chrono::milliseconds time);

 private:
  pid_t pid_ = -1;
  int code_ = -1;
};

// Newest record of every sample, less times, process numbers and which start made it.
std::map<std::string, nlohmann::json> lasting_records(const std::string& run);

// Takes from a run's log what made its times invalid: the machine that tests run on is busy.
void forget_invalid_times(const std::string& run);

// The report, less times and what says how the run was started.
nlohmann::json lasting_report(const std::string& run);

// Living processes whose environment holds USER=mark, or whose command line names the
// folder of a run: workers, their children, the scorer.
std::vector<pid_t> processes_of(const std::string& mark, const std::string& run);

// Waits until `condition` holds, at most `limit`; returns whether it does.
template <typename Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20));

// What the caller's environment asks of a long form: SAMESEED_TEST_SEED and the like.
std::size_t number_from(const char* variable, std::size_t otherwise);

}  // namespace sameseed

#include <thread>

template <typename Condition>
bool sameseed::eventually(Condition condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}
