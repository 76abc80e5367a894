#include "bench/system/interrupt.h"

#include <signal.h>

#include <atomic>

namespace sameseed {
namespace {

std::atomic<bool> signalled{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may write it");

extern "C" void mark(int) { signalled = true; }

void on(int number, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  signalled = false;
  for (const int number : {SIGINT, SIGTERM})
    on(number, mark, SA_RESETHAND);  // the second one finds the default: end
}

Interrupt::~Interrupt() {
  for (const int number : {SIGINT, SIGTERM}) on(number, SIG_DFL, 0);
}

bool Interrupt::asked() const { return signalled; }

}  // namespace sameseed
