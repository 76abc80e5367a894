// What a gate found, in words.
#pragma once

#include <cstddef>
#include <string>

#include "reports/judge/decision.h"
#include "reports/judge/gate.h"
#include "reports/summary/summary.h"

namespace sameseed {

// Why the gate's metric or timing is none of the summary's; empty where it is.
std::string wrong_name(const Gate& gate, const Summary& summary);

// What is wrong with bounds that no loss can break, however large: `at_least` alone where lower is
// better, `at_most` alone where higher is, a bound at the end of the metric's range. Empty where
// nothing is.
std::string wrong_side(const Gate& gate, const Summary& summary);
// Why `where` cannot fit any combination of the axes' values; empty where it can.
std::string wrong_place(const Gate& gate, const Summary& summary);

class GateWording {
 public:
  // `number` is the gate's place in its file. Refers to `gate`.
  GateWording(const Gate& gate, int number) : gate_(gate), number_(number) {}

  // `text` behind the gate's name and, where one is given, the comparison's.
  Cause cause(const char* kind, int code, const std::string& text,
              const Comparison* comparison = nullptr) const;
  // The cause of a setting that breaks the gate: of kind "quality" or "performance".
  Cause failure(const std::string& text, const Comparison& comparison) const;

  // `what`: "pairs" or "prompts" have the metric; of timings it is blocks.
  std::string too_few(std::size_t count, std::size_t needed, const char* what) const;
  std::string only_noise(const std::string& text) const;
  // Of a setting whose class is another than the one asked for, or not told.
  std::string other_class(const ClassReading& reading) const;
  std::string fits_nothing() const;

 private:
  const Gate& gate_;
  int number_;
};

}  // namespace sameseed
