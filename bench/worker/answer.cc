#include "bench/worker/answer.h"

#include <fmt/format.h>

#include "bench/worker/worker.h"

namespace sameseed {
namespace {

using nlohmann::json;

void require(bool holds, const char* what) {
  if (!holds) throw WorkerFailure("rubbish", fmt::format("the worker's answer {}", what));
}

// Reports name the layers, so they must be there.
void require_nonfinite(const json& nonfinite) {
  const auto count = [](const json& value) { return value.is_number_integer() && value >= 0; };
  const json layers = nonfinite.value("layers", json());
  bool whole = count(nonfinite.value("latents", json())) &&
               count(nonfinite.value("image", json())) &&
               (nonfinite.value("step", json()).is_null() || count(nonfinite.at("step"))) &&
               layers.is_array();
  if (whole)
    for (const json& layer : layers)
      whole = whole && layer.is_object() && layer.value("layer", json()).is_string() &&
              count(layer.value("count", json()));
  require(whole,
          "must say in nonfinite how many latents and values of the image, in which step "
          "and in which layers");
}

}  // namespace

json record_fields(const json& answer) {
  json fields = json::object();
  for (const char* name : {"timings_ms", "hashes", "effective", "engagement", "peak_memory",
                           "warnings", "invalid", "nonfinite"})
    if (answer.contains(name) && !answer.at(name).is_null()) fields[name] = answer.at(name);
  const json timings = fields.value("timings_ms", json::object()),
             hashes = fields.value("hashes", json::object());
  require(timings.value("total", json()).is_number(), "has no timings_ms.total, in milliseconds");
  for (const char* stage : {"text", "decode"})
    require(timings.value(stage, json(0)).is_number(), "has a time that is a list");
  const json steps = timings.value("steps", json::array()),
             full = timings.value("full", json::array());
  require(steps.is_array() && full.is_array() && steps.size() == full.size(),
          "must say in timings_ms.full of each of its steps whether it was a full one");
  for (const char* name : {"noise", "token_ids"})
    require(hashes.value(name, json()).is_string(),
            "needs the SHA-256 of `noise` and of `token_ids`: without them no score counts");
  require(fields.value("invalid", json::array()).is_array(), "has an `invalid` that is no list");
  if (fields.contains("nonfinite")) require_nonfinite(fields.at("nonfinite"));
  return fields;
}

}  // namespace sameseed
