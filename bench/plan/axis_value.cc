#include "bench/plan/axis_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "bench/plan/switch_names.h"
#include "io/error.h"
#include "io/json_schema.h"
#include "pipeline/model/lora_choice.h"
#include "pipeline/protocol.h"
#include "pipeline/unet/deepcache.h"

namespace sameseed {

using nlohmann::json;

namespace {

// Settings of a request that null cannot leave out.
constexpr std::string_view kNeeded[] = {"steps", "guidance", "size", "batch"};

// 5 and 5.0 are one number, in lists too.
json with_doubles(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_array()) return value;
  json list = json::array();
  for (const json& one : value) list.push_back(with_doubles(one));
  return list;
}

}  // namespace

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
        if (value.is_null() && std::ranges::find(kNeeded, name) != std::end(kNeeded))
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
    if (setting.name.ends_with("_size")) {
      const auto [width, height] = parse_extent(value, setting.name.c_str());
      return fmt::format("{}x{}", width, height);
    }
  }
  if (setting.kind == AxisKind::kLoad && setting.name == "lora")
    return to_json(read_lora_choices(value)).dump();
  // Left out, they are fp16 and 0.
  if (value.is_null() && setting.kind == AxisKind::kLoad && setting.name == "linear")
    return meaning_of(setting, "fp16");
  if (value.is_null() && setting.kind == AxisKind::kLoad &&
      (setting.name == "fp8_fast_accumulation" || setting.name == "fp16_accumulation"))
    return meaning_of(setting, 0);
  if (value.is_null() && setting.kind == AxisKind::kRequest &&
      (setting.name == "clip_skip" || setting.name == "guidance_rescale"))
    return meaning_of(setting, 0);
  return with_doubles(value).dump();
}

}  // namespace sameseed
