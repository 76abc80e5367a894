#include "pipeline/text/normalize.h"

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "io/error.h"

namespace sameseed {
namespace {

icu::UnicodeString from_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 point = 0;
    const std::int32_t at = i;
    U8_NEXT(bytes, i, size, point);
    if (point < 0) throw UserError(fmt::format("the prompt is not valid UTF-8 at byte {}", at));
  }
  return icu::UnicodeString::fromUTF8({text.data(), size});
}

}  // namespace

icu::UnicodeString normalize(std::string_view utf8) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
  const icu::UnicodeString composed = nfc->normalize(from_utf8(utf8), error);
  if (U_FAILURE(error)) throw std::runtime_error(std::string("NFC failed: ") + u_errorName(error));
  icu::UnicodeString result;
  bool spacing = false;
  for (std::int32_t i = 0; i < composed.length(); i = composed.moveIndex32(i, 1)) {
    const UChar32 c = composed.char32At(i);
    if (u_isUWhiteSpace(c)) {
      if (!spacing) result.append(u' ');
    } else if (c < 0x80) {
      result.append(static_cast<char16_t>(u_tolower(c)));
    } else {
      result.append(icu::UnicodeString(c).toLower(icu::Locale::getRoot()));
    }
    spacing = u_isUWhiteSpace(c);
  }
  return result;
}

}  // namespace sameseed
