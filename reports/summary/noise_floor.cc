#include "reports/summary/noise_floor.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/run/pair_entry.h"
#include "reports/statistics/loss.h"
#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Statistics of the losses of one metric over pairs; n = 0 where none has a score.
json losses_of(const json& pairs, const json& metric, const RunIndex& run) {
  const Scale scale = scale_of(metric);
  std::vector<Scored> losses;
  for (const json& pair : pairs)
    if (const auto value = run.score(pair.at("candidate"), pair.at("reference"), metric.at("name")))
      losses.push_back({loss_of(*value, scale), pair.at("candidate")});
  return summarize(std::move(losses), {.better = "lower", .unit = ""});
}

// One end of the interval of the mean, or the mean where there is no interval; null where neither
// is a number.
json end_of(const json& statistics, const char* end) {
  const json interval = statistics.value("interval", json());
  if (interval.is_object() && interval.at(end).is_number()) return interval.at(end);
  return statistics.value("mean", json());
}

// What the worker of a case read at load: "threads", or a variable; null where it does not say.
json effective(const std::string& case_id, const char* field, const RunIndex& run) {
  const json* worker = run.newest_worker(run.case_of(case_id)->at("environment"));
  if (!worker || !worker->contains("load")) return nullptr;
  return worker->at("load").value("effective", json::object()).value(field, json());
}

// Why a row shows nothing, though its pictures are there: what it varies did not vary here.
std::string unmeasured(const json& row, const RunIndex& run) {
  const json& pair = row.at("pairs").at(0);
  if (row.at("kind") == "other thread count") {
    const json once = effective(pair.at("reference"), "threads", run);
    if (!once.is_null() && once == effective(pair.at("candidate"), "threads", run))
      return fmt::format("both were made with {} threads: nothing is measured", once.dump());
  }
  if (row.at("kind") == "cuDNN v8 and v7") {
    const json read = effective(pair.at("candidate"), "TORCH_CUDNN_V8_API_DISABLED", run);
    if (read.is_object() && read.value("acts", true) == false)
      return read.value("reason", "the switch does not act here") + ": nothing is measured";
  }
  return "";
}

json row_entry(const json& row, const RunIndex& run) {
  const json& pairs = row.at("pairs");
  json entry = {{"id", row.at("id")},    {"arm", row.at("arm")},   {"kind", row.at("kind")},
                {"pairs", pairs.size()}, {"cases", json::array()}, {"quality", json::object()}};
  for (const json& pair : pairs) entry["cases"].push_back(pair_entry(pair, run));
  if (row.at("kind") == "other thread count")
    entry["threads"] = {effective(pairs.at(0).at("reference"), "threads", run),
                        effective(pairs.at(0).at("candidate"), "threads", run)};
  if (const std::string why = unmeasured(row, run); !why.empty()) {
    entry["reason"] = why;
    return entry;
  }
  for (const json& metric : run.metrics()) {
    if (metric.contains("unavailable")) continue;
    const json losses = losses_of(pairs, metric, run);
    json& out = entry["quality"][metric.at("name").get<std::string>()];
    out = {{"unit", loss_unit(scale_of(metric))}, {"n", losses.at("n")}};
    if (losses.at("n") == 0) continue;
    out["mean"] = losses.at("mean");
    out["worst"] = losses.at("worst");
    out["bound"] = end_of(losses, "high");
  }
  return entry;
}

std::string reading(const json& floors, const json& losses) {
  double bound = 0;
  for (const auto& [kind, floor] : floors.items()) {
    if (!floor.at("bound").is_number()) return "no difference shown";  // a floor without a bound
    bound = std::max(bound, floor.at("bound").get<double>());
  }
  if (bound == 0) return "deterministic";
  const json low = end_of(losses, "low");
  return low.is_number() && low <= bound ? "no difference shown" : "beyond the floor";
}

}  // namespace

NoiseFloor::NoiseFloor(const RunIndex& run) : run_(run) {
  const auto planned = run.files().plan.find("floor");
  if (planned == run.files().plan.end()) return;
  for (const json& row : *planned) rows_.push_back(Row{&row, row_entry(row, run)});
}

std::vector<const NoiseFloor::Row*> NoiseFloor::beside(const json& comparison) const {
  const json& first = comparison.at("pairs").at(0);
  const std::string candidate = first.at("candidate"), off = run_.switches_off(candidate);
  const std::string ours[] = {first.at("reference"), off.empty() ? candidate : off};
  std::vector<const Row*> list;
  for (const Row& row : rows_) {
    const json& once = row.planned->at("pairs").at(0);
    if (std::ranges::any_of(ours, [&](const std::string& one) {
          return once.at("reference") == one || once.at("candidate") == one;
        }))
      list.push_back(&row);
  }
  return list;
}

std::vector<const json*> NoiseFloor::rows_beside(const json& comparison) const {
  std::vector<const json*> list;
  for (const Row* row : beside(comparison)) list.push_back(row->planned);
  return list;
}

json NoiseFloor::summary() const {
  if (rows_.empty())
    return {{"measured", false}, {"reason", "not asked for; `sameseed run --floor` measures it"}};
  json list = json::array();
  for (const Row& row : rows_) list.push_back(row.entry);
  return {{"measured", true}, {"rows", list}};
}

void NoiseFloor::hold(const json& comparison, json& quality) const {
  const std::vector<const Row*> rows = beside(comparison);
  if (rows.empty()) return;
  for (const json& metric : run_.metrics()) {
    const std::string name = metric.at("name");
    json& entry = quality.at(name);
    if (entry.at("n") == 0) continue;
    json floors = json::object();
    for (const Row* row : rows) {
      const json floor = row->entry.at("quality").value(name, json::object());
      if (floor.value("n", 0) == 0) continue;
      floors[fmt::format("{}, {}", row->entry.at("arm").get<std::string>(),
                         row->entry.at("kind").get<std::string>())] = {
          {"row", row->entry.at("id")},
          {"unit", floor.at("unit")},
          {"mean", floor.at("mean")},
          {"worst", floor.at("worst")},
          {"bound", floor.at("bound")}};
    }
    if (floors.empty()) continue;
    entry["reading"] = reading(floors, losses_of(comparison.at("pairs"), metric, run_));
    entry["noise_floor"] = std::move(floors);
  }
}

}  // namespace sameseed
