#include "bench/worker/answer.h"

#include <fmt/format.h>

#include "bench/worker/worker.h"
#include "reports/run/line_types.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kLargestFields = 4 << 20;  // bytes, in a log that holds many

void require(bool holds, const char* what) {
  if (!holds) throw WorkerFailure("rubbish", fmt::format("the worker's answer {}", what));
}

// The clocks are two, and a request's way to the worker takes its time: so much over is still true.
bool is_within(double ms, double wall_ms) { return ms <= 1.01 * wall_ms + 5; }

void require_possible_times(const json& timings, double wall_ms) {
  double steps = 0;
  for (const json& step : timings.value("steps", json::array())) steps += step.get<double>();
  require(is_within(steps, wall_ms), "has steps that together took longer than its answer did");
  for (const auto& [name, time] : timings.items())
    if (time.is_number())
      require(is_within(time.get<double>(), wall_ms), "has a time longer than its answer took");
}

}  // namespace

json record_fields(const json& answer, std::optional<double> wall_ms) {
  json fields = json::object();
  for (const char* name : {"timings_ms", "hashes", "effective", "engagement", "peak_memory",
                           "warnings", "invalid", "nonfinite"})
    if (answer.contains(name) && !answer.at(name).is_null()) fields[name] = answer.at(name);
  require(fields.dump(-1, ' ', false, json::error_handler_t::replace).size() <= kLargestFields,
          "says more than 4 MiB of one picture");
  if (const std::string problem = problem_of_answer(fields); !problem.empty())
    throw WorkerFailure("rubbish", "in the worker's answer " + problem);
  const json timings = fields.value("timings_ms", json::object()),
             hashes = fields.value("hashes", json::object());
  require(timings.contains("total"), "has no timings_ms.total, in milliseconds");
  require(
      timings.value("steps", json::array()).size() == timings.value("full", json::array()).size(),
      "must say in timings_ms.full of each of its steps whether it was a full one");
  for (const char* name : {"noise", "token_ids"})
    require(hashes.contains(name),
            "needs the SHA-256 of `noise` and of `token_ids`: without them no score counts");
  if (wall_ms) require_possible_times(timings, *wall_ms);
  return fields;
}

}  // namespace sameseed
