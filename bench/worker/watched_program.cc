#include "bench/worker/watched_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bench/system/programs.h"
#include "io/error.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;
using Duration = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr Duration kLook = 200ms;  // between looks at the clock: what is longer is a pause of ours

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
    throw UserError(std::string("no pipe: ") + std::strerror(errno));
  const pid_t pid = start_program(command, [&ends] {
    if (ends[1] == kSignsOfLife)
      ::fcntl(ends[1], F_SETFD, 0);  // to itself dup2() would leave it closed on exec
    else
      ::dup2(ends[1], kSignsOfLife);
  });
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
  end.code = wait_for_program(pid);
  return end;
}

}  // namespace sameseed
