// Whether files are there and whole, at a glance: for readers of many files who cannot afford to
// hash each. A power loss leaves files empty or cut short.
#pragma once

#include <string>

namespace sameseed {

// Whether a regular file is there that ends as a PNG does, which one that was cut does not. Throws
// UserError where that cannot be told.
bool is_whole_png(const std::string& path);

// Whether a regular file is there that holds the header of a safetensors file and something behind
// it. Throws UserError where that cannot be told.
bool is_whole_safetensors(const std::string& path);

}  // namespace sameseed
