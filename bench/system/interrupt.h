// Ctrl-C and SIGTERM: the first asks a run to stop after the sample in flight, a second one ends
// it at once.
#pragma once

namespace sameseed {

// While one exists, the signals only set a flag. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool asked() const;
};

constexpr int kInterruptedCode = 130;  // 128 + SIGINT, as shells have it

// From now on both signals end the program at once with this code, where no Interrupt exists.
// Nothing is lost: files come into being by renames.
void end_by_code_when_interrupted();

}  // namespace sameseed
