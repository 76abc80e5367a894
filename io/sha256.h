// SHA-256 as 64 lower-case hex digits.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace sameseed {

std::string sha256(std::span<const std::byte> bytes);
std::string sha256(std::string_view text);
std::string sha256_of_file(
    const std::filesystem::path& path);  // throws UserError where it cannot be read

}  // namespace sameseed
