#include "bench/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "bench/worker.h"

namespace sameseed {
namespace {

using nlohmann::json;

void require(bool holds, const char* field, const char* what) {
  if (!holds)
    throw WorkerFailure("rubbish", fmt::format("the worker's answer: {} {}", field, what));
}

template <typename Holds>
bool all_of(const json& values, Holds holds) {
  return std::all_of(values.begin(), values.end(), holds);
}

void check_timings(const json& timings) {
  require(timings.is_object() && timings.contains("total") && timings.at("total").is_number(),
          "timings_ms", "needs at least `total`, in milliseconds");
  for (const char* stage : {"text", "decode"})
    require(!timings.contains(stage) || timings.at(stage).is_number(), "timings_ms",
            "holds a time that is no number");
  const json steps = timings.value("steps", json::array()),
             full = timings.value("full", json::array());
  require(steps.is_array() && all_of(steps, [](const json& ms) { return ms.is_number(); }),
          "timings_ms.steps", "must be a list of numbers");
  require(full.is_array() && full.size() == steps.size() &&
              all_of(full, [](const json& one) { return one.is_boolean(); }),
          "timings_ms.full", "must say true or false for each of the steps");
}

}  // namespace

json record_fields(const json& answer) {
  json fields = json::object();
  for (const char* name :
       {"timings_ms", "hashes", "effective", "engagement", "peak_memory", "warnings", "invalid"})
    if (answer.contains(name)) fields[name] = answer.at(name);
  check_timings(fields.value("timings_ms", json()));
  const json hashes = fields.value("hashes", json());
  for (const char* name : {"noise", "token_ids"})
    require(hashes.is_object() && hashes.contains(name) && hashes.at(name).is_string(), "hashes",
            "needs the SHA-256 of `noise` and of `token_ids`: without them no score counts");
  for (const char* name : {"effective", "engagement"})
    require(!fields.contains(name) || fields.at(name).is_object(), name, "must be an object");
  for (const char* name : {"warnings", "invalid"})
    require(!fields.contains(name) ||
                (fields.at(name).is_array() &&
                 all_of(fields.at(name), [](const json& text) { return text.is_string(); })),
            name, "must be a list of texts");
  require(!fields.contains("peak_memory") || fields.at("peak_memory").is_number(), "peak_memory",
          "must be a number of bytes");
  return fields;
}

}  // namespace sameseed
