#include "bench/worker/watched_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "bench/system/programs.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;
using Duration = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr Duration kLook = 200ms;  // between looks at the clock: what is longer is a pause of ours

// The program's process; it has the descriptor `signs` as kSignsOfLife.
pid_t start_watched(const std::vector<std::string>& command, int signs) {
  const std::vector<std::string> environment = clean_environment();
  const auto arguments = exec_pointers(command), variables = exec_pointers(environment);
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid < 0)
    throw std::runtime_error(command.front() + " cannot be started: " + std::strerror(errno));
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it never outlives the run that waits for it
    if (signs == kSignsOfLife)
      ::fcntl(signs, F_SETFD, 0);
    else
      ::dup2(signs, kSignsOfLife);
    if (::getppid() == parent) ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(kCannotExecute);
  }
  return pid;
}

int wait_for_end(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Whether a sign came (true) or the program has closed its end (false); nothing within `limit`:
// no value.
std::optional<bool> next_sign(int signs, Duration limit) {
  for (Duration waited = 0ms; waited < limit;) {
    const auto began = Clock::now();
    pollfd wait{signs, POLLIN, 0};
    const auto part = std::min(kLook, limit - waited);
    const int ready = ::poll(&wait, 1, static_cast<int>(part.count()));
    if (ready > 0) {
      char bytes[256];
      const ssize_t size = ::read(signs, bytes, sizeof bytes);
      if (size >= 0) return size > 0;
      if (errno != EINTR) return false;
    }
    waited += std::min(part, std::chrono::ceil<Duration>(Clock::now() - began));
  }
  return std::nullopt;
}

}  // namespace

WatchedEnd run_watched_program(const std::vector<std::string>& command,
                               std::optional<Duration> fixed) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw std::runtime_error(std::string("no pipe: ") + std::strerror(errno));
  const pid_t pid = start_watched(command, ends[1]);
  ::close(ends[1]);
  TimeLimits limits(fixed);
  WatchedEnd end;
  for (auto last = Clock::now();;) {
    const Duration limit = limits.limit("", "sign");
    const std::optional<bool> sign = next_sign(ends[0], limit);
    if (!sign) {
      ::kill(pid, SIGKILL);
      end.silent = limit;
    }
    if (!sign || !*sign) break;
    limits.learn("", "sign", std::chrono::ceil<Duration>(Clock::now() - last));
    last = Clock::now();
  }
  ::close(ends[0]);
  end.code = wait_for_end(pid);
  return end;
}

}  // namespace sameseed
