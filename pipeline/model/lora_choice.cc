#include "pipeline/model/lora_choice.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "io/error.h"
#include "io/json_schema.h"

namespace sameseed {
namespace {

using nlohmann::json;

LoraChoice read_one(const json& value) {
  const auto refuse = [&](const std::string& field) {
    throw UserError("lora" + field + ": must be a path, {\"path\": PATH, \"scale\": NUMBER} or a " +
                    "list of these, not " + excerpt(value));
  };
  if (value.is_string()) return {.path = value.get<std::string>()};
  if (!value.is_object() || !value.contains("path")) refuse("");
  LoraChoice choice;
  for (const auto& [name, field] : value.items()) {
    if (name == "path" && field.is_string())
      choice.path = field.get<std::string>();
    else if (name == "scale" && field.is_number() && std::isfinite(field.get<double>()))
      choice.scale = field.get<double>();
    else
      refuse("." + printable(name));
  }
  return choice;
}

}  // namespace

std::vector<LoraChoice> read_lora_choices(const json& value) {
  std::vector<LoraChoice> choices;
  if (value.is_null()) return choices;
  if (value.is_array())
    for (const json& one : value) choices.push_back(read_one(one));
  else
    choices.push_back(read_one(value));
  for (const LoraChoice& one : choices)
    if (one.path.empty())
      throw UserError("lora: a path is empty; name a file or a folder, or write null for none");
  return choices;
}

json to_json(const std::vector<LoraChoice>& choices) {
  json list = json::array();
  for (const LoraChoice& one : choices) list.push_back({{"path", one.path}, {"scale", one.scale}});
  return list;
}

}  // namespace sameseed
