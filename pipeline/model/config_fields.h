// A config.json file of diffusers or transformers, read field by field; what cannot be taken is
// refused by name, all of it at once. `null` is what it is in Python: false where a field says yes
// or no, and no value where one is needed. What `_use_default_values` names counts as absent.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sameseed {

// A JSON file as Python writes it: infinities and NaN, which JSON has not, are the strings "inf",
// "-inf" and "nan". Throws UserError where it cannot be read.
nlohmann::json read_config(const std::filesystem::path& path);

class ConfigFields {
 public:
  // Throws UserError where the file cannot be read or holds no object.
  explicit ConfigFields(std::filesystem::path path);

  // The field's value, or `fallback` where it is absent.
  template <typename T>
  T get(const std::string& name, T fallback) {
    known_.insert(name);
    const auto found = values_.find(name);
    if (found == values_.end()) return fallback;
    if constexpr (std::is_same_v<T, bool>)
      if (found->is_null()) return false;
    if (is<T>(*found)) return found->get<T>();
    complain(name, found->is_null() ? "needs a value" : "has the wrong type");
    return fallback;
  }

  // For a field that needs no value.
  template <typename T>
  std::optional<T> optional(const std::string& name) {
    known_.insert(name);
    if (!values_.contains(name) || values_.at(name).is_null()) return std::nullopt;
    return get<T>(name, T{});
  }

  // The field may be absent or one of `allowed`; anything else is refused. `null` is allowed with
  // `false`, and where nothing else is.
  void only(const std::string& name, const std::vector<nlohmann::json>& allowed);
  bool has(const std::string& name) const { return values_.contains(name); }
  // The value as it stands, null where it is absent.
  nlohmann::json raw(const std::string& name);
  // Fields that do not change the arithmetic.
  void ignore(const std::vector<std::string>& names) { known_.insert(names.begin(), names.end()); }
  // A number, or a list with one for each of `count` blocks.
  std::vector<std::int64_t> per_block(const std::string& name, std::int64_t fallback,
                                      std::size_t count);

  void require_positive(const std::string& name, std::int64_t value);
  // That every block's channels can be normalised in so many groups.
  void require_groups(const std::vector<std::int64_t>& channels, std::int64_t groups);
  void complain(const std::string& name, const std::string& what);
  // The fields that nobody asked for, but those that are null, false or private: they change
  // nothing.
  std::vector<std::string> unknown() const;
  void refuse_unknown();

  // Throws UserError that names the file and every field it cannot take.
  void finish() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  // Whether a value is exactly this: no 2.5 and no 2.0 where a count is needed.
  template <typename T>
  static bool is(const nlohmann::json& value) {
    if constexpr (std::is_same_v<T, bool>)
      return value.is_boolean();
    else if constexpr (std::is_integral_v<T>)
      return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
    else if constexpr (std::is_floating_point_v<T>)
      return value.is_number();
    else if constexpr (std::is_same_v<T, std::string>)
      return value.is_string();
    else
      return value.is_array() && std::ranges::all_of(value, is<typename T::value_type>);
  }

  std::filesystem::path path_;
  nlohmann::json values_;
  std::set<std::string> known_;
  std::vector<std::string> problems_;
};

}  // namespace sameseed
