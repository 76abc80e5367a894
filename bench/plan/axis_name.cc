#include "bench/plan/axis_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "io/error.h"
#include "io/nearest.h"

namespace sameseed {
namespace {

const std::vector<std::string> kRequestFields = {"steps",
                                                 "timesteps",
                                                 "sigmas",
                                                 "guidance",
                                                 "guidance_rescale",
                                                 "clip_skip",
                                                 "size",
                                                 "batch",
                                                 "negative",
                                                 "deepcache",
                                                 "enhance",
                                                 "prompt_2",
                                                 "negative_2",
                                                 "original_size",
                                                 "crops_coords_top_left",
                                                 "target_size",
                                                 "negative_original_size",
                                                 "negative_crops_coords_top_left",
                                                 "negative_target_size"};
const std::vector<std::string> kLoadFields = {"model",
                                              "vae",
                                              "scheduler",
                                              "lora",
                                              "variant",
                                              "precision",
                                              "vae_precision",
                                              "threads",
                                              "cold",
                                              "accumulation_block",
                                              "linear",
                                              "fp8_fast_accumulation",
                                              "fp16_accumulation",
                                              "tf32"};

// ARM.KIND.NAME with an arm and a kind that exist and a name that is not empty.
std::optional<AxisName> split_axis_name(const std::string& text) {
  const std::size_t dot = text.find('.');
  const std::string arm = text.substr(0, dot);
  if (dot == std::string::npos || (arm != "candidate" && arm != "reference" && arm != "both"))
    return std::nullopt;
  const auto bare = split_bare_axis_name(text.substr(dot + 1));
  if (!bare || bare->name.empty()) return std::nullopt;
  return AxisName{arm, *bare};
}

void check_variable(const std::string& name) {
  const bool good = std::ranges::all_of(
      name, [](unsigned char c) { return c == '_' || (c < 0x80 && std::isalnum(c) != 0); });
  if (!good || std::isdigit(static_cast<unsigned char>(name.front())) != 0)
    throw UserError("an environment variable is named by letters, digits and _");
}

}  // namespace

std::optional<BareAxisName> split_bare_axis_name(const std::string& text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string::npos) return std::nullopt;
  const std::string kind = text.substr(0, dot), name = text.substr(dot + 1);
  if (kind == "env") return BareAxisName{AxisKind::kEnv, name};
  if (kind == "load") return BareAxisName{AxisKind::kLoad, name};
  if (kind == "request") return BareAxisName{AxisKind::kRequest, name};
  return std::nullopt;
}

AxisName parse_axis_name(const std::string& text) {
  const std::optional<AxisName> axis = split_axis_name(text);
  if (!axis)
    throw UserError(
        "an axis is named ARM.KIND.NAME with ARM candidate, reference or both and KIND env, load "
        "or request");
  const auto& [kind, name] = axis->bare;
  if (kind == AxisKind::kEnv) {
    check_variable(name);
    return *axis;
  }
  const auto& known = kind == AxisKind::kLoad ? kLoadFields : kRequestFields;
  if (std::ranges::find(known, name) == known.end())
    throw UserError(
        "there is no such setting; " +
        hint_for(name, known,
                 fmt::format("{}.{}.", axis->arm, kind == AxisKind::kLoad ? "load" : "request")));
  if (kind == AxisKind::kRequest && name == "batch" && axis->arm != "both")
    throw UserError(
        "pictures are compared one with one; both arms make as many, so write "
        "both.request.batch");
  return *axis;
}

const std::vector<std::string>& request_fields() { return kRequestFields; }

bool overlap(const AxisName& a, const AxisName& b) {
  return a.bare == b.bare && (a.arm == b.arm || a.arm == "both" || b.arm == "both");
}

}  // namespace sameseed
