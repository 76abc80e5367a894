// A worker: one engine loaded, asked one request a line. It is a process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace sameseed {

// Why a request got no answer. `kind` is the outcome that its record carries.
struct WorkerFailure : std::runtime_error {
  WorkerFailure(std::string kind_, const std::string& what)
      : std::runtime_error(what), kind(std::move(kind_)) {}
  std::string kind;  // crashed, hung, rubbish, out_of_memory, incomplete, unsupported, failed
  // Whether the worker goes on serving.
  bool alive() const { return kind == "unsupported" || kind == "failed"; }
};

class Worker {
 public:
  using Duration = std::chrono::milliseconds;
  virtual ~Worker() = default;

  // Sends one message and waits for its answer. Throws WorkerFailure, upon which the worker has
  // ended where that is not alive().
  nlohmann::json ask(const nlohmann::json& message, Duration limit);

  // The same for a text of one line, whatever it is; returns the line that comes back.
  virtual std::string exchange(const std::string& line, Duration limit) = 0;

  // Sends a line whose answer is waited for later, by exchange() of the same line. Throws
  // WorkerFailure, as exchange() does.
  virtual void send_ahead(const std::string& line) = 0;

  virtual pid_t pid() const = 0;

 protected:
  // Ends it at once.
  virtual void end() = 0;
  [[noreturn]] void fail_as(const char* kind, const std::string& why);
};

class ProcessWorker final : public Worker {
 public:
  // Starts `command` with exactly `environment`, in a process group of its own; its stderr is
  // appended to `log`. However this program ends, the group ends with it.
  ProcessWorker(const std::vector<std::string>& command,
                const std::vector<std::string>& environment, const std::filesystem::path& log);
  ~ProcessWorker() override;
  ProcessWorker(const ProcessWorker&) = delete;
  ProcessWorker& operator=(const ProcessWorker&) = delete;

  std::string exchange(const std::string& line, Duration limit) override;
  void send_ahead(const std::string& line) override;

  // Ends its input, upon which a worker quits. Throws WorkerFailure ("hung") where it stays.
  struct End {
    int code = 0;        // its exit code, or 128 + the signal that ended it
    std::string output;  // what it still wrote to stdout
  };
  End quit(Duration limit);

  pid_t pid() const override { return pid_; }

 private:
  using Clock = std::chrono::steady_clock;

  void send(const std::string& line, Clock::time_point end, Duration limit);
  std::string read_line(Clock::time_point end, Duration limit);
  bool read_some();
  void wait_for(int descriptor, short events, Clock::time_point end, Duration limit);
  [[noreturn]] void fail_as_crashed();
  void refuse_flood();
  void end() override { end_group(); }
  int end_group();

  const std::filesystem::path log_;
  pid_t pid_ = -1, guard_ = -1;
  int in_ = -1, out_ = -1, lifeline_ = -1;
  std::int64_t ended_for_memory_ = 0;  // by the kernel, on this machine, before this worker started
  std::string buffer_, sent_ahead_;    // sent_ahead_: a line that waits for its exchange()
};

}  // namespace sameseed
