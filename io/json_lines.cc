#include "io/json_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "io/input_file.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Everything that walks a value recurses, so its depth is looked at before it is built.
bool is_too_deep(std::string_view line) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepestLine) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// Why the line was not taken; empty where it was.
std::string take_line(std::string_view line, const std::function<std::string(json)>& take) {
  if (is_too_deep(line)) return fmt::format("nested deeper than {} levels", kDeepestLine);
  json value = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return "not valid JSON";
  if (!value.is_object()) return "no JSON object";
  return take(std::move(value));
}

}  // namespace

void PassedOver::add(std::size_t number, const std::string& reason) {
  if (lines++ > 0) return;
  first = number;
  why = reason;
}

std::string PassedOver::text(const std::filesystem::path& file) const {
  if (lines == 0) return "";
  if (lines == 1) return fmt::format("{}: line {} was passed over: {}", file.string(), first, why);
  return fmt::format("{}: {} lines were passed over, the first is line {}: {}", file.string(),
                     lines, first, why);
}

PassedOver for_each_json_line(const std::filesystem::path& path,
                              const std::function<std::string(json line)>& take) {
  PassedOver passed_over;
  if (is_absent(path)) return passed_over;
  InputFile file(path);
  std::vector<char> part(1 << 20);
  std::string line;
  std::size_t number = 1;
  bool too_long = false;
  const auto end_line = [&] {
    too_long = too_long || line.size() > kLongestLine;
    const bool is_blank = line.find_first_not_of(" \t\r") == std::string::npos;
    const std::string why = too_long   ? fmt::format("longer than {} bytes", kLongestLine)
                            : is_blank ? ""
                                       : take_line(line, take);
    if (!why.empty()) passed_over.add(number, why);
    line.clear();
    too_long = false;
    ++number;
  };
  while (const std::size_t size = file.read(part.data(), part.size())) {
    std::string_view rest(part.data(), size);
    for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
      if (!too_long) line.append(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      end_line();
    }
    if (!too_long) line.append(rest);
    too_long = too_long || line.size() > kLongestLine;
    if (too_long) line.clear();
  }
  // Where the program was killed while it wrote; a whole line may lack its newline all the same.
  if (!line.empty() && json::accept(line)) end_line();
  return passed_over;
}

}  // namespace sameseed
