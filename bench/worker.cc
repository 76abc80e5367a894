#include "bench/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "bench/programs.h"

extern char** environ;

namespace sameseed {
std::vector<std::string> environment_for(const Variables& variables,
                                         const std::set<std::string>& swept) {
  std::map<std::string, std::string> values;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos && !swept.contains(text.substr(0, equals)))
      values[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : variables) {
    if (value)
      values[name] = *value;
    else
      values.erase(name);
  }
  // GCC's OpenMP lets idle threads spin for milliseconds: with several workers, or anything else,
  // on the same cores that costs a hundredfold. Sleeping at once costs twofold; 2000 turns (some
  // microseconds) bridge an operator's gaps.
  if (!values.contains("OMP_WAIT_POLICY")) values.try_emplace("GOMP_SPINCOUNT", "2000");
  std::vector<std::string> list;
  for (const auto& [name, value] : values) list.push_back(name + "=" + value);
  return list;
}

Worker::Worker(const std::vector<std::string>& command, const std::vector<std::string>& environment,
               const std::filesystem::path& log) {
  ::signal(SIGPIPE, SIG_IGN);
  if (log.has_parent_path()) std::filesystem::create_directories(log.parent_path());
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0)
    throw std::runtime_error(std::string("no pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
  const auto arguments = exec_pointers(command), variables = exec_pointers(environment);
  const int error = ::posix_spawnp(&pid_, command.front().c_str(), &actions, nullptr,
                                   arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(to[0]);
  ::close(from[1]);
  in_ = to[1];
  out_ = from[0];
  if (error != 0) {
    pid_ = -1;
    ::close(in_);
    ::close(out_);
    throw WorkerFailure(
        "crashed", fmt::format("{} cannot be started: {}", command.front(), std::strerror(error)));
  }
}

Worker::~Worker() {
  ::close(in_);  // end of input: quit
  ::close(out_);
  if (pid_ < 0) return;
  for (int i = 0; i < 100; ++i) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return;
    ::usleep(20'000);
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string Worker::cause_of_death() {
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, 0);
  const pid_t was = std::exchange(pid_, -1);
  if (ended != was) return "the worker is gone";
  return WIFSIGNALED(status)
             ? fmt::format("the worker was ended by signal {} ({})", WTERMSIG(status),
                           strsignal(WTERMSIG(status)))
             : fmt::format("the worker ended with exit code {}", WEXITSTATUS(status));
}

std::string Worker::read_line(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (const std::size_t newline = buffer_.find('\n'); newline != std::string::npos) {
      std::string line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd wait{out_, POLLIN, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      ::kill(pid_, SIGKILL);
      cause_of_death();
      throw WorkerFailure("hung", fmt::format("no answer within {:.0f} s",
                                              std::chrono::duration<double>(limit).count()));
    }
    char part[65536];
    const ssize_t size = ::read(out_, part, sizeof part);
    if (size <= 0) throw WorkerFailure("crashed", cause_of_death());
    buffer_.append(part, static_cast<std::size_t>(size));
  }
}

nlohmann::json Worker::ask(const nlohmann::json& message, std::chrono::milliseconds limit) {
  if (pid_ < 0) throw WorkerFailure("crashed", "the worker is gone");
  const std::string line = message.dump() + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t size = ::write(in_, line.data() + sent, line.size() - sent);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw WorkerFailure("crashed", cause_of_death());
    sent += static_cast<std::size_t>(size);
  }
  const std::string text = read_line(limit);
  nlohmann::json answer = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("ok") || !answer.at("ok").is_boolean())
    throw WorkerFailure("rubbish", "the worker answered: " + text.substr(0, 200));
  if (!answer.at("ok").get<bool>())
    throw WorkerFailure(answer.value("kind", "") == "unsupported" ? "unsupported" : "failed",
                        answer.value("error", ""));
  if (message.contains("id") && answer.value("id", nlohmann::json()) != message.at("id"))
    throw WorkerFailure("rubbish", "the worker answered another request than it was asked");
  return answer;
}

}  // namespace sameseed
