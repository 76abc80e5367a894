#include "bench/answer.h"

#include <fmt/format.h>

#include "bench/worker.h"

namespace sameseed {
namespace {

using nlohmann::json;

void require(bool holds, const char* what) {
  if (!holds) throw WorkerFailure("rubbish", fmt::format("the worker's answer {}", what));
}

}  // namespace

json record_fields(const json& answer) {
  json fields = json::object();
  for (const char* name :
       {"timings_ms", "hashes", "effective", "engagement", "peak_memory", "warnings", "invalid"})
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
  return fields;
}

}  // namespace sameseed
