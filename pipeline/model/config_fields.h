// A config.json file of diffusers or transformers, read field by field; what cannot be taken is
// refused by name, all of it at once.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sameseed {

class ConfigFields {
 public:
  // Throws UserError where the file cannot be read or holds no object.
  explicit ConfigFields(std::filesystem::path path);

  // The field's value, or `fallback` where it is absent or null.
  template <typename T>
  T get(const std::string& name, T fallback) {
    known_.insert(name);
    const auto found = values_.find(name);
    if (found == values_.end() || found->is_null()) return fallback;
    try {
      return found->get<T>();
    } catch (const nlohmann::json::exception&) {
      complain(name, "has the wrong type");
      return fallback;
    }
  }

  template <typename T>
  std::optional<T> optional(const std::string& name) {
    known_.insert(name);
    if (!values_.contains(name) || values_.at(name).is_null()) return std::nullopt;
    return get<T>(name, T{});
  }

  // The field may be absent, null or one of `allowed`; anything else is refused.
  void only(const std::string& name, const std::vector<nlohmann::json>& allowed);
  // Fields that do not change the arithmetic.
  void ignore(const std::vector<std::string>& names) { known_.insert(names.begin(), names.end()); }
  // A number, or a list with one for each of `count` blocks.
  std::vector<std::int64_t> per_block(const std::string& name, std::int64_t fallback,
                                      std::size_t count);

  void require_positive(const std::string& name, std::int64_t value);
  // That every block's channels can be normalised in so many groups.
  void require_groups(const std::vector<std::int64_t>& channels, std::int64_t groups);
  void complain(const std::string& name, const std::string& what);
  // The fields that nobody asked for, but for private ones.
  std::vector<std::string> unread() const;
  // A field that nobody asked for changes nothing when it is null, false or private.
  void refuse_unknown();

  // Throws UserError that names the file and every field it cannot take.
  void finish() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  nlohmann::json values_;
  std::set<std::string> known_;
  std::vector<std::string> problems_;
};

}  // namespace sameseed
