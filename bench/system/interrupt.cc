#include "bench/system/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace sameseed {
namespace {

std::atomic<bool> signalled{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may write it");

extern "C" void end_now(int) { ::_exit(kInterruptedCode); }
extern "C" void mark(int number) {
  if (signalled.exchange(true)) end_now(number);
}

void on(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  signalled = false;
  for (const int number : {SIGINT, SIGTERM}) on(number, mark);
}

Interrupt::~Interrupt() { end_by_code_when_interrupted(); }

void end_by_code_when_interrupted() {
  for (const int number : {SIGINT, SIGTERM}) on(number, end_now);
}

bool Interrupt::asked() const { return signalled; }

}  // namespace sameseed
