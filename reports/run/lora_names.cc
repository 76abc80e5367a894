#include "reports/run/lora_names.h"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace sameseed {

using nlohmann::json;

void name_loras(json& load) {
  if (!load.is_object() || !load.contains("lora") || !load.at("lora").is_array()) return;
  for (json& one : load.at("lora")) {
    if (!one.is_object() || !one.contains("path") || !one.at("path").is_string()) continue;
    std::filesystem::path path = one.at("path").get<std::string>();
    if (!path.has_filename()) path = path.parent_path();  // "styles/"
    one["path"] = path.filename().string();
  }
}

std::string lora_label(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::string text;
    for (const json& one : value) text += (text.empty() ? "" : " + ") + lora_label(one);
    return text.empty() ? "off" : text;
  }
  if (!value.is_object() || !value.contains("path") || !value.at("path").is_string())
    return value.dump();
  const json scale = value.value("scale", json(1));
  const std::string path = value.at("path").get<std::string>();
  return scale == 1 ? path : path + " at " + scale.dump();
}

}  // namespace sameseed
