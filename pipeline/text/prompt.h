// What may stand in a prompt.
#pragma once

#include <string>
#include <string_view>

namespace sameseed {

// Throws UserError that begins with `where` for text that is not UTF-8 or holds a NUL, which no
// command line could repeat.
void check_prompt(std::string_view text, const std::string& where);

}  // namespace sameseed
