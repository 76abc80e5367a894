// A worker: a process with one engine loaded, asked one request a line.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace sameseed {

// Why a request got no answer. `kind` is the outcome that its record carries.
struct WorkerFailure : std::runtime_error {
  WorkerFailure(std::string kind_, const std::string& what)
      : std::runtime_error(what), kind(std::move(kind_)) {}
  std::string kind;  // crashed, hung, rubbish, unsupported, failed
  bool alive() const { return kind == "unsupported" || kind == "failed"; }
};

using Variables = std::map<std::string, std::optional<std::string>>;  // no value: unset

// This process's environment without `swept`, and with the variables on top.
std::vector<std::string> environment_for(const Variables& variables,
                                         const std::set<std::string>& swept);

class Worker {
 public:
  // Starts `command` with exactly `environment`; its stderr is appended to `log`.
  Worker(const std::vector<std::string>& command, const std::vector<std::string>& environment,
         const std::filesystem::path& log);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Sends one message and waits for its answer. Throws WorkerFailure.
  nlohmann::json ask(const nlohmann::json& message, std::chrono::milliseconds limit);

  pid_t pid() const { return pid_; }

 private:
  std::string read_line(std::chrono::milliseconds limit);
  std::string cause_of_death();

  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  std::string buffer_;
};

}  // namespace sameseed
