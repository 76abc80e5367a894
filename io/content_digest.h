// The digest of a large file, by its content.
#pragma once

#include <filesystem>
#include <string>

namespace sameseed {

// SHA-256 of a file of one piece (8 MiB) at most; of a larger one that of its pieces' SHA-256 in
// hex, one behind another. Two threads hash. Throws UserError where it cannot be read.
std::string content_digest(const std::filesystem::path& path);

}  // namespace sameseed
