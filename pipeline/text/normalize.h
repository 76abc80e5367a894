// Text as CLIP's tokenizer reads it.
#pragma once

#include <unicode/unistr.h>

#include <string_view>

namespace sameseed {

// NFC, runs of white space to one space, lower case character by character (no final sigma). Throws
// UserError for text that is not UTF-8.
icu::UnicodeString normalize(std::string_view utf8);

}  // namespace sameseed
