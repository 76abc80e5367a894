#include "reports/run/cohort.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "io/sha256.h"
#include "reports/run/lora_names.h"

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

// "python3 /here/my_engine.py" is the engine "python3 my_engine.py", wherever it lies.
std::string engine_name(const std::string& command) {
  std::string name;
  std::istringstream words(command);
  for (std::string word; words >> word;)
    name += (name.empty() ? "" : " ") + std::filesystem::path(word).filename().string();
  return name;
}

// A number for each of several folders, for their names mean nothing: 1 for the first of the plan.
class Numbered {
 public:
  std::size_t number_of(const json& folder) {
    const auto number = static_cast<std::size_t>(std::ranges::find(seen_, folder) - seen_.begin());
    if (number == seen_.size()) seen_.push_back(folder);
    return number + 1;
  }

 private:
  std::vector<json> seen_;
};

// "accelerated", and behind it the load options that the matrix or the command line fix.
std::string group_of(const PlannedEnvironment& environment, Numbered& models, Numbered& vaes,
                     Numbered& loras) {
  json load = environment.load;
  if (load.contains("model")) {
    const std::size_t number = models.number_of(load.at("model"));
    load.erase("model");
    if (number > 1) load["model"] = number;
  }
  if (load.contains("vae") && load.at("vae") != "") load["vae"] = vaes.number_of(load.at("vae"));
  if (const json paths = load.value("lora", json()); paths.is_array() && !paths.empty()) {
    name_loras(load);
    // Two with one name, in folders of their own, are two.
    if (const std::size_t number = loras.number_of(paths); number > 1) load["loras"] = number;
  }
  return engine_name(environment.engine) + " " + load.dump();
}

// What a worker was made of. Versions before sameseed/record/2 kept no content.
json engine_of(const WorkerRecord& worker, const json& load) {
  json engine = {{"versions", load.value("versions", json::object())}};
  const json effective = load.value("effective", json::object());
  if (effective.is_object() && effective.contains("threads"))
    engine["threads"] = effective.at("threads");
  const json content = worker.record.value("content", json());
  for (const char* part : {"files", "program"})
    engine[part] = content.is_object() ? content.value(part, json::object()) : json(kNotRecorded);
  return engine;
}

// Which of several models and LoRAs a group of group_of() has; empty for the first of both.
std::string place_of(const std::string& group) {
  for (std::size_t at = group.find(" {"); at != std::string::npos; at = group.find(" {", at + 1)) {
    const json load = json::parse(group.substr(at + 1), nullptr, false);
    if (!load.is_object()) continue;
    std::string place;
    for (const char* part : {"model", "loras"})
      if (load.contains(part)) place += std::string(part) + " " + load.at(part).dump() + ": ";
    return place;
  }
  return "";
}

}  // namespace

json cohort_of(const RunFiles& files) {
  std::set<std::string> differs;
  json cohort = json::object();
  for (const json& start : files.starts) {
    json of_start = start.value("cohort", json::object());
    if (!of_start.contains("variables")) of_start["variables"] = kNotRecorded;
    if (&start != &files.starts.front()) add_differences(cohort, of_start, "", differs);
    cohort = of_start;
  }
  std::map<std::string, std::string> groups;
  Numbered models, vaes, loras;
  for (const PlannedEnvironment& environment : files.plan.environments)
    groups[environment.id] = group_of(environment, models, vaes, loras);
  json engines = json::object();
  for (const WorkerRecord& worker : files.workers) {
    const auto group = groups.find(worker.environment);
    const json load = worker.load.is_null() ? json::object() : worker.load;
    if (group == groups.end() || !load.is_object()) continue;
    json engine = engine_of(worker, load);
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

bool is_older_recipe(const std::string& recipe) { return !recipe.starts_with(kRecipeFormat); }

std::string other_recipe_text(const std::string& ours, const std::string& theirs) {
  if (is_older_recipe(ours) == is_older_recipe(theirs))
    return "it was made by another recipe (matrix, prompts, seeds, steps, or what stands in which "
           "arm)";
  return is_older_recipe(theirs) ? "it was made by an older version, whose recipes do not say what "
                                   "stands in which arm; "
                                   "make that run anew with this version"
                                 : "it was made by a newer version than this run, whose recipe "
                                   "does not say what stands "
                                   "in which arm; make this run anew";
}

std::string series_recipe(const json& cohort) {
  std::set<std::string> content;
  const json engines = cohort.value("workers", json::object());
  for (const auto& [group, engine] : engines.items())
    for (const char* part : {"files", "program"}) {
      const json files = engine.value(part, json());
      if (files.is_object())
        for (const auto& [name, digest] : files.items())
          content.insert(place_of(group) + name + " " + digest.dump());
      else
        content.insert(kNotRecorded);
    }
  const std::string recipe = cohort.value("recipe", "");
  return recipe + ":" +
         sha256(json{content, cohort.value("variables", json())}.dump()).substr(0, 16);
}

std::string kept_variables_text(const json& cohort) {
  std::string list;
  const json variables = cohort.value("variables", json());
  if (variables.is_object())
    for (const auto& [name, value] : variables.items())
      list += (list.empty() ? "" : ", ") + name + "=" +
              (value.is_string() ? value : json("")).get<std::string>();
  return list.empty() ? "" : "workers were given " + list + " (--keep-env)";
}

}  // namespace sameseed
