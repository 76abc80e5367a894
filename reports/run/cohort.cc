#include "reports/run/cohort.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;

// The dotted names of the leaves that differ: "host.kernel".
void add_differences(const json& a, const json& b, const std::string& name,
                     std::set<std::string>& differs) {
  if (a == b) return;
  if (!a.is_object() || !b.is_object()) {
    differs.insert(name);
    return;
  }
  std::set<std::string> keys;
  for (const json* side : {&a, &b})
    for (const auto& [key, value] : side->items()) keys.insert(key);
  for (const std::string& key : keys)
    add_differences(a.value(key, json()), b.value(key, json()),
                    name.empty() ? key : name + "." + key, differs);
}

// The same files in another folder are the same cohort.
json without_folders(json files) {
  for (json& value : files) {
    if (value.is_structured())
      value = without_folders(value);
    else if (value.is_string() && value.get<std::string>().starts_with('/'))
      value = std::filesystem::path(value.get<std::string>()).filename().string();
  }
  return files;
}

// "accelerated", and behind it the load options that the matrix or the command line fix.
std::string group_of(const PlannedEnvironment& environment) {
  json load = environment.load;
  for (const char* folder : {"model", "vae"})
    if (load.contains(folder) && load.at(folder).is_string())
      load[folder] = std::filesystem::path(load.at(folder).get<std::string>()).filename().string();
  return environment.engine + " " + load.dump();
}

}  // namespace

json cohort_of(const RunFiles& files) {
  std::set<std::string> differs;
  json cohort = json::object();
  for (const json& start : files.starts) {
    const json of_start = start.value("cohort", json::object());
    if (&start != &files.starts.front()) add_differences(cohort, of_start, "", differs);
    cohort = of_start;
  }
  std::map<std::string, std::string> groups;
  for (const PlannedEnvironment& environment : files.plan.environments)
    groups[environment.id] = group_of(environment);
  json engines = json::object();
  for (const WorkerRecord& worker : files.workers) {
    const auto group = groups.find(worker.environment);
    const json load = worker.load.is_null() ? json::object() : worker.load;
    if (group == groups.end() || !load.is_object()) continue;
    json engine = {{"versions", load.value("versions", json::object())},
                   {"files", without_folders(load.value("files", json::object()))}};
    const auto known = engines.find(group->second);
    if (known != engines.end())
      add_differences(*known, engine, "workers." + group->second, differs);
    engines[group->second] = std::move(engine);
  }
  cohort["workers"] = engines;
  cohort["metrics"] = json::object();
  if (files.metrics)
    for (const ReportMetric& metric : *files.metrics)
      if (metric.available()) cohort["metrics"][metric.name] = metric.definition;
  cohort["differs"] = differs;
  cohort["hash"] = sha256(cohort.dump(-1, ' ', false, json::error_handler_t::replace));
  return cohort;
}

}  // namespace sameseed
