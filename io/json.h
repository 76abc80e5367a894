// JSON from outside, read more strictly than the format asks.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sameseed {

// A byte order mark is skipped. Throws UserError that begins with `where` (a file) for malformed
// text and what is not UTF-8 (with the line), a
// name that stands twice in an object, a number that no double holds, and nesting of more than
// `deepest` levels, which is what bounds the stack of everything that walks the value later.
nlohmann::json parse_json(std::string_view text, const std::string& where, int deepest = 200);

// The same of an object of which one list may be too large to keep: `take` gets each entry of its
// member `list`, in order, and in the value that list is empty. What follows the entries may still
// turn out not to be JSON.
nlohmann::json parse_json(std::string_view text, const std::string& where, const std::string& list,
                          const std::function<void(nlohmann::json entry)>& take, int deepest = 200);

}  // namespace sameseed
