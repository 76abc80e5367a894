// Small packed data of files from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sameseed {

// What zlib packed. Nothing where it is no such data, is cut short, or has more than `most` bytes,
// which is known as soon as there is one more.
std::optional<std::string> unpacked(std::string_view packed, std::size_t most);

}  // namespace sameseed
