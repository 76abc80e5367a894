#include "reports/run/plan.h"

#include <fmt/format.h>

#include <utility>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "io/text.h"

namespace sameseed {
namespace {

using nlohmann::json;

// `generate` reads the plan too, and says in more words what is wrong with one
// (bench/plan/plan_file).
[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw UserError(fmt::format("{}: {}; make the plan anew with `sameseed plan`", where, why));
}

// What a library says without the mark of the library in front: "type must be string, but is null".
std::string in_words(const json::exception& error) {
  const std::string text = error.what();
  const auto end = text.find("] ");
  return end == std::string::npos ? text : text.substr(end + 2);
}

// Calls `take(entry)`, and says which of the list it was that was not as it has to be.
template <typename Take>
void take_entry(const std::string& where, const char* list, std::size_t index, const json& entry,
                Take take) try {
  take(entry);
} catch (const json::exception& error) {
  refuse(where, fmt::format("{}[{}]: {}", list, index, in_words(error)));
}

template <typename Take>
void each(const json& plan, const std::string& where, const char* list, Take take) {
  std::size_t index = 0;
  for (const json& entry : plan.at(list)) take_entry(where, list, index++, entry, take);
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

// Its id is a part of its files' names.
PlannedSample sample_of(const json& entry, const std::string& where) {
  PlannedSample sample = {.id = entry.at("id"),
                          .case_id = entry.at("case"),
                          .kind = entry.at("kind"),
                          .comparison = text_or_empty(entry, "comparison")};
  if (!is_plain_name(sample.id))
    refuse(where, std::string("the id of a sample must be ") + kPlainName);
  return sample;
}

void take_cases(const json& plan, const std::string& where, RunPlan& result) {
  each(plan, where, "environments", [&](const json& entry) {
    result.environments.push_back({.id = entry.at("id"),
                                   .engine = entry.at("engine"),
                                   .variables = setting_of(entry.at("variables")),
                                   .load = entry.at("load")});
  });
  each(plan, where, "cases", [&](const json& entry) {
    result.cases.push_back({.id = entry.at("id"),
                            .environment = entry.at("environment"),
                            .request = entry.at("request"),
                            .noise_precision = text_or_empty(entry, "noise_precision")});
  });
  each(plan, where, "samples",
       [&](const json& entry) { result.samples.push_back(sample_of(entry, where)); });
}

void take_comparisons(const json& plan, const std::string& where, RunPlan& result) {
  each(plan, where, "comparisons", [&](const json& entry) {
    result.comparisons.push_back({.id = entry.at("id"),
                                  .against = entry.at("kind"),
                                  .setting = setting_of(entry.at("setting")),
                                  .pairs = pairs_of(entry.at("pairs"))});
  });
  if (plan.contains("time_floor"))
    each(plan, where, "time_floor", [&](const json& entry) {
      result.time_floor.push_back({.id = entry.at("id"), .environment = entry.at("environment")});
    });
  if (!plan.contains("floor")) return;
  result.floor.emplace();
  each(plan, where, "floor", [&](const json& entry) {
    result.floor->push_back({.id = entry.at("id"),
                             .arm = entry.at("arm"),
                             .kind = entry.at("kind"),
                             .pairs = pairs_of(entry.at("pairs"))});
  });
}

}  // namespace

RunPlan parse_run_plan(const json& plan, const std::string& where) try {
  const json schema = plan.is_object() ? plan.value("schema", json()) : json();
  if (schema != "sameseed/plan/2" && schema != "sameseed/plan/1")  // 1: samples have an arm
    refuse(where, "field `schema` must be \"sameseed/plan/2\"");
  RunPlan result{.name = plan.at("name"), .model = text_or_empty(plan, "model")};
  each(plan, where, "axes", [&](const json& axis) {
    result.axes.push_back({.name = axis.at("name"), .values = axis.at("values")});
  });
  each(plan, where, "excluded", [&](const json& entry) {
    result.excluded.push_back(
        {.setting = setting_of(entry.at("setting")), .because = entry.at("because")});
  });
  result.claims = plan.value("claims", false);
  if (plan.contains("models"))
    result.models = plan.at("models").get<std::map<std::string, std::string>>();
  if (plan.contains("reasons"))
    result.reasons = plan.at("reasons").get<std::map<std::string, std::string>>();
  take_cases(plan, where, result);
  take_comparisons(plan, where, result);
  for (const auto& comparison : result.comparisons)
    if (comparison.pairs.empty()) refuse(where, "comparison " + comparison.id + " has no pairs");
  return result;
} catch (const json::exception& error) {
  refuse(where, in_words(error));
}

RunPlan read_run_plan(const std::filesystem::path& file) try {
  std::vector<PlannedSample> samples;
  const std::string where = file.string();
  const json plan = parse_json(read_file(file), where, "samples", [&](const json& entry) {
    take_entry(where, "samples", samples.size(), entry,
               [&](const json&) { samples.push_back(sample_of(entry, where)); });
  });
  RunPlan result = parse_run_plan(plan, file.string());
  result.samples = std::move(samples);
  return result;
} catch (const json::exception& error) {
  refuse(file.string(), in_words(error));
}

}  // namespace sameseed
