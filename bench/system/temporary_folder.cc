#include "bench/system/temporary_folder.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "io/error.h"
#include "io/text.h"

namespace sameseed {
namespace {

// A new folder below this one; empty, with errno, where there can be none.
std::string folder_below(const std::string& base) {
  std::string path = base + "/sameseed.XXXXXX";
  return ::mkdtemp(path.data()) == nullptr ? "" : path;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  const char* named = std::getenv("TMPDIR");
  const std::string base = named ? named : "", common = "/tmp";
  std::string why;
  if (!base.empty()) {
    // Requests to workers name files in it, and are JSON.
    const bool is_utf8 = find_invalid_utf8(base) == std::string::npos;
    std::error_code ignored;
    if (is_utf8) path_ = folder_below(std::filesystem::absolute(base, ignored).string());
    if (!path_.empty()) return;
    why = fmt::format("TMPDIR={}: {}", is_utf8 ? base : "?",
                      is_utf8 ? std::strerror(errno) : "its name is not UTF-8");
  }
  path_ = folder_below(common);
  if (path_.empty())
    throw UserError(fmt::format(
        "{}{}: no temporary folder can be made: {}; set TMPDIR to a folder that can be written to",
        why.empty() ? "" : why + "; ", common, std::strerror(errno)));
  if (!why.empty()) std::cerr << fmt::format("sameseed: warning: {}; {} is used\n", why, common);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace sameseed
