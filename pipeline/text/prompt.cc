#include "pipeline/text/prompt.h"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include "io/error.h"

namespace sameseed {

void check_prompt(std::string_view text, const std::string& where) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    const std::int32_t at = i;
    UChar32 point = 0;
    U8_NEXT(bytes, i, size, point);
    if (point < 0)
      throw UserError(
          fmt::format("{}: is not valid UTF-8 at byte {}; save it as UTF-8", where, at));
    if (point == 0)
      throw UserError(fmt::format("{}: holds a NUL at byte {}; remove it", where, at));
  }
}

}  // namespace sameseed
