#include "reports/run/plan.h"

#include <fmt/format.h>

#include <utility>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"

namespace sameseed {
namespace {

using nlohmann::json;

// `generate` reads the plan too, and says in more words what is wrong with one
// (bench/plan/plan_file).
[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw UserError(fmt::format("{}: {}; make the plan anew with `sameseed plan`", where, why));
}

Setting setting_of(const json& object) { return object.get<Setting>(); }

std::vector<Pair> pairs_of(const json& list) {
  std::vector<Pair> pairs;
  for (const json& pair : list)
    pairs.push_back({.candidate = pair.at("candidate"),
                     .reference = pair.at("reference"),
                     .prompt = pair.at("prompt"),
                     .seed = pair.at("seed"),
                     .oracle = pair.value("oracle", "")});
  return pairs;
}

std::string text_or_empty(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

PlannedSample sample_of(const json& entry) {
  return {.id = entry.at("id"),
          .case_id = entry.at("case"),
          .kind = entry.at("kind"),
          .comparison = text_or_empty(entry, "comparison")};
}

void take_cases(const json& plan, RunPlan& result) {
  for (const json& entry : plan.at("environments"))
    result.environments.push_back({.id = entry.at("id"),
                                   .engine = entry.at("engine"),
                                   .variables = setting_of(entry.at("variables")),
                                   .load = entry.at("load")});
  for (const json& entry : plan.at("cases"))
    result.cases.push_back({.id = entry.at("id"),
                            .environment = entry.at("environment"),
                            .request = entry.at("request"),
                            .noise_precision = text_or_empty(entry, "noise_precision")});
  for (const json& entry : plan.at("samples")) result.samples.push_back(sample_of(entry));
}

void take_comparisons(const json& plan, RunPlan& result) {
  for (const json& entry : plan.at("comparisons"))
    result.comparisons.push_back({.id = entry.at("id"),
                                  .against = entry.at("kind"),
                                  .setting = setting_of(entry.at("setting")),
                                  .pairs = pairs_of(entry.at("pairs"))});
  if (plan.contains("time_floor"))
    for (const json& entry : plan.at("time_floor"))
      result.time_floor.push_back({.id = entry.at("id"), .environment = entry.at("environment")});
  if (!plan.contains("floor")) return;
  result.floor.emplace();
  for (const json& entry : plan.at("floor"))
    result.floor->push_back({.id = entry.at("id"),
                             .arm = entry.at("arm"),
                             .kind = entry.at("kind"),
                             .pairs = pairs_of(entry.at("pairs"))});
}

}  // namespace

RunPlan parse_run_plan(const json& plan, const std::string& where) try {
  const json schema = plan.is_object() ? plan.value("schema", json()) : json();
  if (schema != "sameseed/plan/2" && schema != "sameseed/plan/1")  // 1: samples have an arm
    refuse(where, "field `schema` must be \"sameseed/plan/2\"");
  RunPlan result{.name = plan.at("name"), .model = text_or_empty(plan, "model")};
  for (const json& axis : plan.at("axes"))
    result.axes.push_back({.name = axis.at("name"), .values = axis.at("values")});
  for (const json& entry : plan.at("excluded"))
    result.excluded.push_back(
        {.setting = setting_of(entry.at("setting")), .because = entry.at("because")});
  if (plan.contains("reasons"))
    result.reasons = plan.at("reasons").get<std::map<std::string, std::string>>();
  take_cases(plan, result);
  take_comparisons(plan, result);
  for (const auto& comparison : result.comparisons)
    if (comparison.pairs.empty()) refuse(where, "comparison " + comparison.id + " has no pairs");
  return result;
} catch (const json::exception& error) {
  refuse(where, error.what());
}

RunPlan read_run_plan(const std::filesystem::path& file) try {
  std::vector<PlannedSample> samples;
  const json plan = parse_json(read_file(file), file.string(), "samples",
                               [&](const json& entry) { samples.push_back(sample_of(entry)); });
  RunPlan result = parse_run_plan(plan, file.string());
  result.samples = std::move(samples);
  return result;
} catch (const json::exception& error) {
  refuse(file.string(), error.what());
}

}  // namespace sameseed
