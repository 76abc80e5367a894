#include "bench/plan/plan_difference.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "io/json_schema.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Anything may have happened to an earlier plan.
json field(const json& object, const char* name) {
  return object.is_object() ? object.value(name, json()) : json();
}

// Variable -> its values in the environments of a plan; null where an environment has it unset.
std::map<std::string, std::set<json>> variables_of(const json& plan) {
  std::map<std::string, std::set<json>> values;
  for (const json& environment : field(plan, "environments")) {
    const json variables = field(environment, "variables");
    if (!variables.is_object()) continue;
    for (const auto& [name, value] : variables.items()) values[name].insert(value);
  }
  return values;
}

std::string in_words(const std::set<json>& values) {
  if (values.empty()) return "unset";
  if (values.size() > 1) return excerpt(json(std::vector<json>(values.begin(), values.end())));
  return values.begin()->is_null() ? "unset" : excerpt(*values.begin());
}

// Those that no axis of a matrix varies are kept from the shell.
std::string difference_of_variables(const json& before, const json& now) {
  const auto earlier = variables_of(before), later = variables_of(now);
  for (const auto* side : {&earlier, &later})
    for (const auto& [name, values] : *side) {
      const auto was = earlier.find(name), is = later.find(name);
      const std::set<json> none;
      const std::set<json>&old_values = was == earlier.end() ? none : was->second,
            &new_values = is == later.end() ? none : is->second;
      if (old_values != new_values)
        return fmt::format("{} is {}, not {} (--keep-env)", printable(name), in_words(new_values),
                           in_words(old_values));
    }
  return "";
}

}  // namespace

std::string plan_difference(const json& before, const json& now) {
  if (field(before, "matrix_sha256") != field(now, "matrix_sha256"))
    return field(before, "name") == field(now, "name")
               ? "another text of the matrix"
               : fmt::format("the matrix is {}, not {}", excerpt(field(now, "name")),
                             excerpt(field(before, "name")));
  if (field(before, "model") != field(now, "model"))
    return fmt::format("the model is {}, not {}", excerpt(field(now, "model")),
                       excerpt(field(before, "model")));
  if (field(before, "models") != field(now, "models"))
    return fmt::format("the models are {}, not {}", excerpt(field(now, "models")),
                       excerpt(field(before, "models")));
  if (std::string difference = difference_of_variables(before, now); !difference.empty())
    return difference;
  for (const char* option : {"floor", "trace"})
    if (before.contains(option) != now.contains(option))
      return fmt::format("{} --{}", now.contains(option) ? "with" : "without", option);
  std::set<json> earlier, later;
  for (const auto& [plan, loads] : {std::pair{&before, &earlier}, {&now, &later}})
    for (const json& environment : field(*plan, "environments"))
      loads->insert(field(environment, "load"));
  if (earlier != later) return "other options of loading (--vae, --variant, --cold, --oracle)";
  return "";
}

}  // namespace sameseed
