// Matrices: whatever is taken keeps what read_matrix promises.
#include <cstdint>
#include <string>

#include "bench/plan/matrix.h"
#include "io/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const sameseed::Matrix matrix = sameseed::parse_matrix(text, "/nowhere/m.json");
    if (matrix.prompts.empty() || matrix.seeds.empty()) __builtin_trap();
    double points = 1;
    for (const sameseed::Axis& axis : matrix.axes)
      points *= static_cast<double>(axis.values.size());
    if (points < 1 || points > 100'000) __builtin_trap();
  } catch (const sameseed::UserError& error) {
    if (std::string(error.what()).find('\n') != std::string::npos) __builtin_trap();
  }
  return 0;
}
