#include "bench/worker/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "bench/system/programs.h"
#include "bench/worker/orphans.h"
#include "io/error.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestAnswer = 64 << 20;  // bytes
constexpr std::size_t kLongestError = 2000;       // bytes of what an answer calls its error
constexpr off_t kLargestLog = 64 << 20, kKeptOfLog = 1 << 20;  // bytes
constexpr auto kBetweenLooks = 1s;                             // at the log's size
constexpr Worker::Duration kTimeToTake = 10s;                  // what is sent ahead
constexpr auto kTimeToQuit = 2s;                               // after the end of its input

// How many processes the kernel has ended for lack of memory since the machine started.
std::int64_t ended_for_memory() {
  std::ifstream in("/proc/vmstat");
  std::string name;
  for (std::int64_t value = 0; in >> name >> value;)
    if (name == "oom_kill") return value;
  return 0;
}

// A process that ends the worker's group as soon as this program is gone, however it went: its
// end of the lifeline then reads as closed. Only calls that are safe after fork in a program with
// threads.
pid_t start_guard(pid_t group, int& lifeline) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  const pid_t guard = ::fork();
  if (guard == 0) {
    ::setpgid(0, 0);  // Ctrl-C on a terminal is not for it
    ::prctl(PR_SET_NAME, "sameseed-guard");
    ::dup2(ends[0], STDIN_FILENO);
    ::close_range(1, ~0U, 0);  // locks, pipes and the other guards' lifelines are not its own
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::signal(number, SIG_IGN);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR) {
    }
    ::kill(-group, SIGKILL);
    ::_exit(0);
  }
  ::close(ends[0]);
  lifeline = ends[1];
  return guard;
}

}  // namespace

ProcessWorker::ProcessWorker(const std::vector<std::string>& command,
                             const std::vector<std::string>& environment,
                             const std::filesystem::path& log)
    : log_(log), ended_for_memory_(ended_for_memory()) {
  ::signal(SIGPIPE, SIG_IGN);
  if (log.has_parent_path()) std::filesystem::create_directories(log.parent_path());
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0)
    throw UserError(std::string("no pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
  // A group of its own: Ctrl-C lets the sample in flight end, and a kill reaches its children.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  const auto arguments = exec_pointers(command), variables = exec_pointers(environment);
  int error = 0;
  start_and_know(environment, [&] {
    error = ::posix_spawnp(&pid_, command.front().c_str(), &actions, &attributes, arguments.data(),
                           variables.data());
    if (error == 0) guard_ = start_guard(pid_, lifeline_);
    return error == 0 ? StartedPair{pid_, guard_} : StartedPair{};
  });
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
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
  for (const int descriptor : {in_, out_}) ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
}

ProcessWorker::~ProcessWorker() {
  if (in_ >= 0) ::close(in_);  // end of input: quit
  const auto end = Clock::now() + kTimeToQuit;
  while (pid_ > 0 && Clock::now() < end) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == pid_)
      break;
    ::usleep(2'000);
  }
  end_group();
  ::close(out_);
  if (guard_ > 0) {
    ::kill(guard_, SIGKILL);  // the group has ended, and its number may be given to another soon
    ::waitpid(guard_, nullptr, 0);
    forget_guard(guard_);
  }
  if (lifeline_ >= 0) ::close(lifeline_);
}

// Ends whatever of the group is still there, and what left it; returns the worker's wait status.
int ProcessWorker::end_group() {
  if (pid_ < 0) return 0;
  int status = 0;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  forget_worker(pid_);
  pid_ = -1;
  return status;
}

void ProcessWorker::fail_as_crashed() {
  // Its output has ended; it may take a moment to follow. What it died of must be its own doing.
  const auto end = Clock::now() + kTimeToQuit;
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid != pid_ && Clock::now() < end)
    ::usleep(1'000);
  const bool ended = info.si_pid == pid_;
  const int status = end_group();
  if (!ended) throw WorkerFailure("crashed", "the worker closed its output and did not end");
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && ended_for_memory() > ended_for_memory_)
    throw WorkerFailure("out_of_memory",
                        "the kernel ended the worker for want of memory; give it fewer slots or a "
                        "smaller size");
  throw WorkerFailure("crashed",
                      WIFSIGNALED(status)
                          ? fmt::format("the worker was ended by signal {} ({})", WTERMSIG(status),
                                        strsignal(WTERMSIG(status)))
                          : fmt::format("the worker ended with exit code {}", WEXITSTATUS(status)));
}

void Worker::fail_as(const char* kind, const std::string& why) {
  end();
  throw WorkerFailure(kind, why);
}

// What an engine writes to stderr must not fill the disk.
void ProcessWorker::refuse_flood() {
  struct stat status {};
  if (::stat(log_.c_str(), &status) != 0 || status.st_size <= kLargestLog) return;
  end_group();
  [[maybe_unused]] const int ignored = ::truncate(log_.c_str(), kKeptOfLog);
  throw WorkerFailure("rubbish", fmt::format("the worker wrote more than {} bytes to stderr: {}",
                                             kLargestLog, log_.string()));
}

void ProcessWorker::wait_for(int descriptor, short events, Clock::time_point end, Duration limit) {
  for (;;) {
    const auto left = std::chrono::ceil<Duration>(end - Clock::now());
    const Duration wait_time = std::min<Duration>(left, kBetweenLooks);
    pollfd wait{descriptor, events, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(wait_time.count()));
    refuse_flood();
    if (ready > 0) return;
    if (ready < 0 && errno == EINTR) continue;
    if (left > wait_time) continue;
    fail_as("hung",
            fmt::format("no answer within {:.3g} s", std::chrono::duration<double>(limit).count()));
  }
}

void ProcessWorker::send(const std::string& line, Clock::time_point end, Duration limit) {
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t size = ::write(in_, line.data() + sent, line.size() - sent);
    if (size >= 0)
      sent += static_cast<std::size_t>(size);
    else if (errno == EAGAIN)
      wait_for(in_, POLLOUT, end, limit);
    else if (errno != EINTR)
      fail_as_crashed();
  }
}

// Takes what there is to read; false where that is nothing yet.
bool ProcessWorker::read_some() {
  char part[65536];
  const ssize_t size = ::read(out_, part, sizeof part);
  if (size == 0) fail_as_crashed();
  if (size < 0 && errno != EAGAIN && errno != EINTR) fail_as_crashed();
  if (size < 0) return false;
  buffer_.append(part, static_cast<std::size_t>(size));
  return true;
}

std::string ProcessWorker::read_line(Clock::time_point end, Duration limit) {
  for (std::size_t seen = 0;;) {
    if (const std::size_t newline = buffer_.find('\n', seen); newline != std::string::npos) {
      std::string line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      return line;
    }
    seen = buffer_.size();
    if (seen > kLongestAnswer)
      fail_as("rubbish", fmt::format("the worker wrote {} bytes without ending a line", seen));
    if (!read_some()) wait_for(out_, POLLIN, end, limit);
  }
}

std::string ProcessWorker::exchange(const std::string& line, Duration limit) {
  if (pid_ < 0) throw WorkerFailure("crashed", "the worker is gone");
  const auto end = Clock::now() + limit;
  if (const std::string sent = std::exchange(sent_ahead_, ""); !sent.empty()) {
    if (sent != line) fail_as("rubbish", "the worker has another line to answer first");
    return read_line(end, limit);
  }
  if (!buffer_.empty() || read_some())
    fail_as("rubbish", "the worker spoke out of turn: " + buffer_.substr(0, 200));
  send(line + "\n", end, limit);
  return read_line(end, limit);
}

void ProcessWorker::send_ahead(const std::string& line) {
  if (pid_ < 0) throw WorkerFailure("crashed", "the worker is gone");
  send(line + "\n", Clock::now() + kTimeToTake, kTimeToTake);  // a pipe has room for more
  sent_ahead_ = line;
}

ProcessWorker::End ProcessWorker::quit(Duration limit) {
  if (pid_ < 0) throw WorkerFailure("crashed", "the worker is gone");
  const auto end = Clock::now() + limit;
  ::close(std::exchange(in_, -1));
  for (ssize_t size = 1; size != 0;) {
    wait_for(out_, POLLIN, end, limit);
    char part[4096];
    size = ::read(out_, part, sizeof part);
    if (size < 0 && errno != EAGAIN && errno != EINTR) break;
    if (size > 0) buffer_.append(part, static_cast<std::size_t>(size));
  }
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid != pid_ && Clock::now() < end)
    ::usleep(1'000);
  if (info.si_pid != pid_) fail_as("hung", "the worker closed its output and did not end");
  const int status = end_group();
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), std::move(buffer_)};
}

nlohmann::json Worker::ask(const nlohmann::json& message, Duration limit) {
  const std::string text = exchange(message.dump(), limit);
  nlohmann::json answer;
  try {
    answer = read_answer(text);
  } catch (const UserError& problem) {
    fail_as("rubbish", fmt::format("{}; it began: {}", problem.what(), text.substr(0, 200)));
  }
  if (message.contains("id") && answer.value("id", message.at("id")) != message.at("id"))
    fail_as("rubbish", "the worker answered another request than it was asked");
  if (!answer.at("ok").get<bool>()) {
    const auto text_of = [&](const char* field) {
      return answer.contains(field) && answer.at(field).is_string()
                 ? answer.at(field).get<std::string>().substr(0, kLongestError)
                 : "";
    };
    const std::string kind = text_of("kind");
    throw WorkerFailure(kind == "unsupported" || kind == "out_of_memory" ? kind : "failed",
                        text_of("error"));
  }
  if (message.contains("id") && !answer.contains("id"))
    fail_as("rubbish", "the worker's answer does not say which request it is for");
  return answer;
}

}  // namespace sameseed
