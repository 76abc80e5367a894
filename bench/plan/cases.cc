#include "bench/plan/cases.h"

#include <filesystem>
#include <optional>
#include <vector>

#include "bench/plan/axis_name.h"
#include "io/sha256.h"
#include "pipeline/model/lora_choice.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kAccumulationPrefix = "ONEFLOW_";
constexpr const char* kHighest = "highest";  // precision: the most exact on the device

// Both arms get the noise of the reference arm's precision, or of the one that the matrix names:
// each precision has a stream of its own.
std::string noise_precision(const Matrix& matrix, const Point& setting) {
  if (matrix.noise_precision) return *matrix.noise_precision;
  for (const char* axis : {"reference.load.precision", "both.load.precision"})
    if (const auto found = setting.find(axis); found != setting.end() && found->second.is_string())
      return found->second == kHighest ? "fp32" : found->second.get<std::string>();
  return "fp32";
}

// LoRAs as a worker is asked for them, wherever it runs. Null leaves the option out.
void set_load_option(const Matrix& matrix, const std::string& name, const json& value, json& load) {
  load.erase(name);
  if (value.is_null()) return;
  load[name] = value;
  if (name != "lora") return;
  std::vector<LoraChoice> choices = read_lora_choices(value);
  for (LoraChoice& one : choices)
    one.path = std::filesystem::absolute(matrix.folder / one.path).lexically_normal().string();
  load[name] = to_json(choices);
}

// What a switch has when it is off; nothing: the axis is none. `value`: what it has now.
std::optional<json> off_value(const BareAxisName& axis, const json& value) {
  const auto& [kind, name] = axis;
  switch (kind) {
    case AxisKind::kEnv:
      if (name.starts_with(kAccumulationPrefix)) return json("0");
      break;
    case AxisKind::kLoad:  // left out is off
      if (name == "linear") return value.is_null() ? value : json("fp16");
      if (name == "fp8_fast_accumulation" || name == "fp16_accumulation")
        return value.is_null() ? value : json(0);
      break;
    case AxisKind::kRequest:
      if (name == "deepcache" || name == "enhance") return json();
      break;
  }
  return std::nullopt;
}

}  // namespace

std::string id_of(const json& value) { return sha256(value.dump()).substr(0, 16); }

Point switches_off(Point setting) {
  for (auto& [text, value] : setting) {
    const AxisName axis = parse_axis_name(text);
    if (axis.arm != "candidate") continue;
    if (const std::optional<json> off = off_value(axis.bare, value)) value = *off;
  }
  return setting;
}

Case CaseSource::arm(const Point& setting, const std::string& arm, const std::string& prompt,
                     std::uint64_t seed) const {
  Case made = {{{"engine", matrix.engines.at(arm)}, {"variables", matrix.kept}, {"load", load}},
               matrix.request,
               sameseed::noise_precision(matrix, setting)};
  if (matrix.cold && matrix.engines.at(arm) == "accelerated")
    made.environment["load"]["cold"] = true;
  for (const auto& [text, value] : setting)  // before the axes, which may set the same
    if (const AxisName axis = parse_axis_name(text); axis.bare == kModelAxis && axis.is_of(arm))
      made.request.update(matrix.models.at(value).request);
  made.request["prompt"] = prompt;
  made.request["seed"] = seed;
  for (const auto& [text, value] : setting) {
    const AxisName axis = parse_axis_name(text);
    const bool ours = axis.is_of(arm);
    switch (axis.bare.kind) {
      case AxisKind::kEnv:
        // A variable that only the other arm names is unset here: nothing leaks in from outside.
        made.environment["variables"][axis.bare.name] = ours ? value : json();
        break;
      case AxisKind::kLoad:
        if (ours)
          set_load_option(matrix, axis.bare.name,
                          axis.bare == kModelAxis ? json(matrix.models.at(value).path) : value,
                          made.environment["load"]);
        break;
      case AxisKind::kRequest:
        if (ours) made.request[axis.bare.name] = value;
        break;
    }
  }
  return made;
}

Case CaseSource::oracle(const Point& setting, const std::string& prompt, std::uint64_t seed) const {
  Case made = arm(setting, "reference", prompt, seed);
  for (auto& [name, value] : made.environment["variables"].items()) value = nullptr;
  made.environment["variables"].update(json(matrix.kept));
  const json of_arm = made.environment["load"];
  json& of_oracle = made.environment["load"] = load;
  for (const char* kept : {"model", "vae", "variant", "scheduler", "lora"})
    if (of_arm.contains(kept)) of_oracle[kept] = of_arm.at(kept);
  of_oracle["precision"] = kHighest;
  made.request["deepcache"] = nullptr;
  // The oracle of two arms that are both enhanced is enhanced as well.
  if (!setting.contains("both.request.enhance")) made.request["enhance"] = nullptr;
  return made;
}

std::string CaseList::add(const Case& made) {
  json environment = made.environment;
  const std::string environment_id = id_of(environment);
  environment["id"] = environment_id;
  if (known_.insert(environment_id).second) environments_.push_back(environment);
  json entry = {{"environment", environment_id},
                {"request", made.request},
                {"noise_precision", made.noise_precision}};
  const std::string id = entry["id"] = id_of(entry);
  if (known_.insert(id).second) cases_.push_back(entry);
  return id;
}

}  // namespace sameseed
