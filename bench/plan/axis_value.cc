#include "bench/plan/axis_value.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/plan/switch_names.h"
#include "io/error.h"
#include "io/json_schema.h"
#include "pipeline/model/lora_choice.h"
#include "pipeline/protocol.h"
#include "pipeline/unet/deepcache.h"

namespace sameseed {

using nlohmann::json;

std::string refusal_of(const BareAxisName& setting, const json& value) {
  const auto& [kind, name] = setting;
  try {
    switch (kind) {
      case AxisKind::kEnv:
        if (!value.is_null() && !value.is_string())
          return "an environment variable is a text, or null for unset, not " + excerpt(value);
        if (value.is_string() && value.get<std::string>().find('\0') != std::string::npos)
          return "an environment variable cannot hold a NUL";
        break;
      case AxisKind::kLoad:
        read_load_options({{name, value}});
        break;
      case AxisKind::kRequest:
        if (value.is_null() && name != "negative" && name != "deepcache" && name != "enhance")
          return name + ": null leaves nothing in its place; name a value";
        read_request({{name, value}});
        break;
    }
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

std::string meaning_of(const BareAxisName& setting, const json& value) {
  if (setting.kind == AxisKind::kEnv && value.is_string())
    return json(meaning_of_switch_value(setting.name, value.get<std::string>())).dump();
  if (setting.kind == AxisKind::kRequest && value.is_string()) {
    if (setting.name == "deepcache") return to_string(parse_deepcache(value.get<std::string>()));
    if (setting.name == "size") {
      const auto [width, height] = parse_size(value);
      return fmt::format("{}x{}", width, height);
    }
  }
  if (setting.kind == AxisKind::kLoad && setting.name == "lora")
    return to_json(read_lora_choices(value)).dump();
  return value.is_number() ? json(value.get<double>()).dump() : value.dump();
}

}  // namespace sameseed
