#include "io/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "io/error.h"
#include "io/json_schema.h"
#include "io/text.h"

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

// Builds a value from a parser's events, and throws what parse_json promises. It is not the
// library's parser with a callback, because that one is quadratic in an object's members.
class Builder {
 public:
  // `list`: the member of the outermost object whose entries `take` gets; empty: of none.
  Builder(std::string_view text, std::string where, int deepest, std::string list,
          const std::function<void(json entry)>& take)
      : text_(text),
        where_(std::move(where)),
        deepest_(static_cast<std::size_t>(deepest)),
        list_(std::move(list)),
        take_(take) {}

  json value() { return std::move(value_); }

  bool null() {
    return scalar([](Dom& dom) { return dom.null(); });
  }
  bool boolean(bool value) {
    return scalar([=](Dom& dom) { return dom.boolean(value); });
  }
  bool number_integer(json::number_integer_t value) {
    return scalar([=](Dom& dom) { return dom.number_integer(value); });
  }
  bool number_unsigned(json::number_unsigned_t value) {
    return scalar([=](Dom& dom) { return dom.number_unsigned(value); });
  }
  bool number_float(json::number_float_t value, const std::string& text) {
    return scalar([&](Dom& dom) { return dom.number_float(value, text); });
  }
  bool string(std::string& value) {
    return scalar([&](Dom& dom) { return dom.string(value); });
  }
  bool binary(json::binary_t&) { return false; }  // JSON has none
  bool start_object(std::size_t size) {
    enter();
    return begin().start_object(size);
  }
  bool start_array(std::size_t size) {
    if (names_.size() == 1 && !list_.empty() && key_ == list_) in_list_ = true;
    enter();
    // The list's own brackets stay where it stands.
    return (in_list_ && names_.size() == 2 ? whole_ : begin()).start_array(size);
  }
  bool end_object() {
    names_.pop_back();
    return dom().end_object() && end();
  }
  bool end_array() {
    names_.pop_back();
    if (in_list_ && names_.size() == 1) in_list_ = false;
    return dom().end_array() && end();
  }
  bool key(std::string& name) {
    if (!names_.back().insert(name).second)
      throw UserError(
          fmt::format("{}: {} stands twice in one object; remove one", where_, excerpt(name)));
    if (names_.size() == 1) key_ = name;
    return dom().key(name);
  }
  bool parse_error(std::size_t byte, const std::string&, const json::exception& error) {
    if (dynamic_cast<const json::out_of_range*>(&error) != nullptr)
      throw UserError(where_ + ": holds a number that is too large");
    if (is_lfs_pointer(text_)) throw UserError(fmt::format("{}: {}", where_, kLfsPointer));
    if (const std::string problem = problem_of_text(text_); !problem.empty())
      throw UserError(where_ + ": " + problem);
    const auto [line, column] = position(text_, byte > 0 ? byte - 1 : 0);
    throw UserError(fmt::format("{}: not valid JSON at line {}, column {}", where_, line, column));
  }

 private:
  using Dom = nlohmann::detail::json_sax_dom_parser<json>;

  void enter() {
    if (names_.size() >= deepest_)
      throw UserError(fmt::format("{}: nested deeper than {} levels", where_, deepest_));
    names_.emplace_back();
  }
  // Where the next event goes.
  Dom& dom() { return entry_dom_ ? *entry_dom_ : whole_; }
  // The same, where a value begins, which may be an entry of the list. `names_` holds it already
  // where it is an object or a list.
  Dom& begin() {
    if (in_list_ && !entry_dom_) entry_dom_.emplace(entry_);
    return dom();
  }
  // A value has ended.
  bool end() {
    if (!in_list_ || names_.size() != 2) return true;
    entry_dom_.reset();
    take_(std::move(entry_));
    entry_ = json();
    return true;
  }
  template <typename Send>
  bool scalar(Send send) {
    return send(begin()) && end();
  }

  std::string_view text_;
  std::string where_;
  std::size_t deepest_;
  std::string list_;
  const std::function<void(json entry)>& take_;
  std::vector<std::unordered_set<std::string>> names_;  // of the objects and lists around the place
  std::string key_;                                     // of the outermost object, the last
  bool in_list_ = false;                                // within its brackets
  json value_, entry_;
  Dom whole_{value_};
  std::optional<Dom> entry_dom_;  // while an entry is being read
};

}  // namespace

json parse_json(std::string_view text, const std::string& where, int deepest) {
  return parse_json(
      text, where, "", [](const json&) {}, deepest);
}

json parse_json(std::string_view text, const std::string& where, const std::string& list,
                const std::function<void(json entry)>& take, int deepest) {
  if (text.find('\0') != std::string_view::npos)  // the parser takes it for the end
    throw UserError(where + ": " + problem_of_text(text));
  Builder builder(text, where, deepest, list, take);
  json::sax_parse(text, &builder);
  return builder.value();
}

}  // namespace sameseed
