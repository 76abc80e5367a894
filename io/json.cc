#include "io/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "io/error.h"
#include "io/json_schema.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Line and column of a byte, both from 1.
std::pair<std::size_t, std::size_t> position(std::string_view text, std::size_t byte) {
  std::size_t line = 1, column = 1;
  for (const char c : text.substr(0, byte)) {
    ++column;
    if (c == '\n') ++line, column = 1;
  }
  return {line, column};
}

// Goes over a text without keeping it, and throws what parse_json promises. It is apart from the
// parser that builds values because the callback of that one is quadratic in an object's members.
class Watch {
 public:
  Watch(std::string_view text, std::string where, int deepest)
      : text_(text), where_(std::move(where)), deepest_(static_cast<std::size_t>(deepest)) {}

  bool null() { return true; }
  bool boolean(bool) { return true; }
  bool number_integer(json::number_integer_t) { return true; }
  bool number_unsigned(json::number_unsigned_t) { return true; }
  bool number_float(json::number_float_t, const std::string&) { return true; }
  bool string(std::string&) { return true; }
  bool binary(json::binary_t&) { return true; }
  bool start_object(std::size_t) { return enter(); }
  bool start_array(std::size_t) { return enter(); }
  bool end_object() { return leave(); }
  bool end_array() { return leave(); }
  bool key(std::string& name) {
    if (names_.back().insert(name).second) return true;
    throw UserError(
        fmt::format("{}: {} stands twice in one object; remove one", where_, excerpt(name)));
  }
  bool parse_error(std::size_t byte, const std::string&, const json::exception& error) {
    if (dynamic_cast<const json::out_of_range*>(&error) != nullptr)
      throw UserError(where_ + ": holds a number that is too large");
    const auto [line, column] = position(text_, byte > 0 ? byte - 1 : 0);
    throw UserError(fmt::format("{}: not valid JSON at line {}, column {}", where_, line, column));
  }

 private:
  bool enter() {
    if (names_.size() >= deepest_)
      throw UserError(fmt::format("{}: nested deeper than {} levels", where_, deepest_));
    names_.emplace_back();
    return true;
  }
  bool leave() {
    names_.pop_back();
    return true;
  }

  std::string_view text_;
  std::string where_;
  std::size_t deepest_;
  std::vector<std::unordered_set<std::string>> names_;  // of the objects and lists around the place
};

}  // namespace

json parse_json(std::string_view text, const std::string& where, int deepest) {
  Watch watch(text, where, deepest);
  json::sax_parse(text, &watch);
  return json::parse(text);
}

}  // namespace sameseed
