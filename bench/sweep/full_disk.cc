#include "bench/sweep/full_disk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::uintmax_t kLittleSpace = 16 << 20;  // bytes: with more, another disk may be meant
constexpr std::uintmax_t kBesidesThePicture = 64 << 10;  // bytes: latents, a log
constexpr const char* kWords[] = {"No space left on device", "Disk quota exceeded", "disk is full",
                                  "ENOSPC", "EDQUOT"};

}  // namespace

bool is_for_want_of_space(const json& record, const json& request, std::uintmax_t space) {
  if (space >= kLittleSpace) return false;
  const auto [width, height] = parse_size(request.at("size"));
  const std::uintmax_t pixels =
      std::uintmax_t(width) * std::uintmax_t(height) * std::uintmax_t(request.value("batch", 1));
  if (space < 3 * pixels + kBesidesThePicture) return true;
  std::string text = record.value("error", "");
  for (const json& line : record.value("log_tail", json::array()))
    if (line.is_string()) text += "\n" + line.get<std::string>();
  return std::ranges::any_of(
      kWords, [&](const char* words) { return text.find(words) != std::string::npos; });
}

}  // namespace sameseed
