// The fields of a message of the line protocol, each of the type that it must have.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/error.h"
#include "io/json_schema.h"
#include "pipeline/model/lora_choice.h"

namespace sameseed {

// Takes the fields of a message one by one; what nobody took is refused.
class Message {
 public:
  using json = nlohmann::json;

  explicit Message(const json& fields) : fields_(fields) {
    if (!fields.is_object()) throw UserError("a message must be a JSON object");
  }
  template <typename T>
  void take(const char* name, T& value) {
    taken_.insert(name);
    const auto found = fields_.find(name);
    if (found == fields_.end() || found->is_null()) return;
    if (!read(*found, value))
      throw UserError(
          fmt::format("{}: must be {}, not {}", name, words_for(value), excerpt(*found)));
  }
  void finish() const {
    for (const auto& [name, value] : fields_.items())
      if (!taken_.contains(name)) throw UserError(fmt::format("{}: there is no such field", name));
  }

 private:
  // The JSON library would take true for 1, -1 for 2^64-1 and 1.5 for 1.
  static bool read(const json& from, int& to) {
    if (!from.is_number_integer()) return false;
    const auto value = from.get<std::int64_t>();  // of 2^63 and more: negative
    to = static_cast<int>(value);
    return to == value && (!from.is_number_unsigned() || value >= 0);
  }
  static bool read(const json& from, bool& to) {
    if (!from.is_boolean()) return false;
    to = from.get<bool>();
    return true;
  }
  static bool read(const json& from, std::uint64_t& to) {
    if (!from.is_number_integer() || (!from.is_number_unsigned() && from.get<std::int64_t>() < 0))
      return false;
    to = from.get<std::uint64_t>();
    return true;
  }
  static bool read(const json& from, double& to) {
    if (!from.is_number()) return false;
    to = from.get<double>();
    return std::isfinite(to);
  }
  static bool read(const json& from, std::vector<double>& to) {
    if (!from.is_array()) return false;
    return std::ranges::all_of(from, [&](const json& one) { return read(one, to.emplace_back()); });
  }
  static bool read(const json& from, std::vector<int>& to) {
    if (!from.is_array()) return false;
    return std::ranges::all_of(from, [&](const json& one) { return read(one, to.emplace_back()); });
  }
  static bool read(const json& from, std::string& to) {
    if (!from.is_string()) return false;
    to = from.get<std::string>();
    return true;
  }
  template <typename T>
  static bool read(const json& from, std::optional<T>& to) {
    return read(from, to.emplace());
  }
  static bool read(const json& from, std::vector<LoraChoice>& to) {
    to = read_lora_choices(from);
    return true;
  }
  static const char* words_for(const std::vector<LoraChoice>&) { return "LoRAs"; }  // never asked
  static const char* words_for(bool) { return "true or false"; }
  static const char* words_for(int) { return "a whole number"; }
  static const char* words_for(std::uint64_t) { return "a whole number from 0 to 2^64-1"; }
  static const char* words_for(double) { return "a finite number"; }
  static const char* words_for(const std::vector<double>&) { return "a list of finite numbers"; }
  static const char* words_for(const std::optional<std::vector<int>>&) {
    return "a list of whole numbers or null";
  }
  static const char* words_for(const std::string&) { return "a text"; }
  static const char* words_for(const std::optional<std::string>&) { return "a text or null"; }
  static const char* words_for(const std::optional<int>&) { return "a whole number or null"; }

  const json& fields_;
  std::set<std::string> taken_ = {"op", "id"};
};

}  // namespace sameseed
