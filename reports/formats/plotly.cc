#include "reports/formats/plotly.h"

// Included by the assembler: a string literal of this size would cost the compiler seconds.
asm(".section .rodata\n"
    "sameseed_plotly_begin:\n"
    ".incbin \"" SAMESEED_PLOTLY
    "\"\n"
    "sameseed_plotly_end:\n"
    ".previous\n"
    ".global sameseed_plotly_begin\n"
    ".global sameseed_plotly_end\n");

extern "C" const char sameseed_plotly_begin[], sameseed_plotly_end[];

namespace sameseed {

std::string_view chart_library() {
  return {sameseed_plotly_begin,
          static_cast<std::size_t>(sameseed_plotly_end - sameseed_plotly_begin)};
}

}  // namespace sameseed
