// Gate files: whatever is taken names what it judges, and a threshold or a class.
#include <cstdint>
#include <string>

#include "io/error.h"
#include "reports/judge/gate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    for (const sameseed::Gate& gate : sameseed::parse_gates(text, "/nowhere/gates.json"))
      if (gate.name.empty() || gate.min_pairs < 1 ||
          (!gate.at_most && !gate.at_least && !gate.floor && !gate.baseline_margin &&
           !gate.wanted_class))
        __builtin_trap();
  } catch (const sameseed::UserError& error) {
    if (std::string(error.what()).find('\n') != std::string::npos) __builtin_trap();
  }
  return 0;
}
