// JSON from outside, read more strictly than the format asks.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sameseed {

// Throws UserError that begins with `where` (a file) for malformed text (with line and column), a
// name that stands twice in an object, a number that no double holds, and nesting of more than
// `deepest` levels, which is what bounds the stack of everything that walks the value later.
nlohmann::json parse_json(std::string_view text, const std::string& where, int deepest = 200);

// Calls `take` with each line of a log that is a JSON object. Half lines and NUL bytes, which a
// crash or a power loss leaves behind, are passed over; a file that is not there has no lines.
// Throws UserError for one that is there and cannot be read.
void for_each_json_line(const std::filesystem::path& path,
                        const std::function<void(nlohmann::json record)>& take);

}  // namespace sameseed
