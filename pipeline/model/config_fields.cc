#include "pipeline/model/config_fields.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"

namespace sameseed {

using nlohmann::json;

json read_config(const std::filesystem::path& path) {
  constexpr std::pair<std::string_view, const char*> kWords[] = {
      {"-Infinity", "\"-inf\""}, {"Infinity", "\"inf\""}, {"NaN", "\"nan\""}};
  const std::string text = read_file(path);
  std::string result;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\') {
      result += text.substr(i++, 2);
      continue;
    }
    in_string = in_string != (text[i] == '"');
    const auto word = std::ranges::find_if(kWords, [&](const auto& known) {
      return !in_string && std::string_view(text).substr(i).starts_with(known.first);
    });
    if (word == std::end(kWords)) {
      result += text[i];
      continue;
    }
    result += word->second;
    i += word->first.size() - 1;
  }
  return parse_json(result, path.string());
}

ConfigFields::ConfigFields(std::filesystem::path path)
    : path_(std::move(path)), values_(read_config(path_)) {
  if (!values_.is_object()) throw UserError(path_.string() + ": not a JSON object");
  // Written by diffusers: fields that its class had not yet when the model was made.
  if (const json defaults = values_.value("_use_default_values", json()); defaults.is_array())
    for (const json& name : defaults)
      if (name.is_string()) values_.erase(name.get<std::string>());
}

void ConfigFields::only(const std::string& name, const std::vector<json>& allowed) {
  known_.insert(name);
  const auto found = values_.find(name);
  if (found == values_.end()) return;
  const bool no = std::ranges::any_of(allowed, [](const json& value) { return value == false; });
  if (found->is_null() && (allowed.empty() || no)) return;
  for (const json& value : allowed)
    if (*found == value) return;
  if (found->is_null()) return complain(name, "needs a value");
  std::string list = allowed.empty() ? "null" : "";
  for (const json& value : allowed) list += (list.empty() ? "" : ", ") + value.dump();
  complain(name, fmt::format("is not supported yet (supported: {})", list));
}

std::vector<std::int64_t> ConfigFields::per_block(const std::string& name, std::int64_t fallback,
                                                  std::size_t count) {
  known_.insert(name);
  const json value = values_.value(name, json());
  if (value.is_array()) {
    auto list = get<std::vector<std::int64_t>>(name, {});
    if (list.size() != count) complain(name, fmt::format("needs {} values, one a block", count));
    list.resize(count, fallback);
    return list;
  }
  return std::vector<std::int64_t>(count, get<std::int64_t>(name, fallback));
}

void ConfigFields::require_positive(const std::string& name, std::int64_t value) {
  if (value <= 0 || value > (1 << 24))
    complain(name, "must be a positive number of reasonable size");
}

void ConfigFields::require_groups(const std::vector<std::int64_t>& channels, std::int64_t groups) {
  for (const std::int64_t width : channels) {
    require_positive("block_out_channels", width);
    if (groups <= 0 || width % groups != 0) {
      complain("norm_num_groups", fmt::format("does not divide a block's {} channels", width));
      return;
    }
  }
}

void ConfigFields::complain(const std::string& name, const std::string& what) {
  std::string problem =
      fmt::format("  {} = {}: {}", name, values_.value(name, json()).dump(), what);
  if (std::ranges::find(problems_, problem) == problems_.end())
    problems_.push_back(std::move(problem));
}

json ConfigFields::raw(const std::string& name) {
  known_.insert(name);
  return values_.value(name, json());
}

std::vector<std::string> ConfigFields::unknown() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : values_.items())
    if (!known_.contains(name) && !name.starts_with('_') && !value.is_null() &&
        value != json(false))
      names.push_back(name);
  return names;
}

void ConfigFields::refuse_unknown() {
  for (const std::string& name : unknown()) complain(name, "is not known to this program");
}

void ConfigFields::finish() const {
  if (problems_.empty()) return;
  std::string text = path_.string() + ": cannot be used";
  for (const std::string& problem : problems_) text += "\n" + problem;
  throw UserError(text);
}

}  // namespace sameseed
