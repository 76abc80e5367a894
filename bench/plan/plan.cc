#include "bench/plan/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "bench/plan/cases.h"
#include "bench/plan/engine_name.h"
#include "bench/plan/floor.h"
#include "bench/plan/points.h"
#include "bench/plan/sample_order.h"
#include "bench/plan/time_floor.h"
#include "io/error.h"
#include "io/json_schema.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"
#include "pipeline/schedulers/sampler_choice.h"
#include "reports/run/cohort.h"
#include "reports/run/lora_names.h"

namespace sameseed {
namespace {

using nlohmann::json;

// The rule that leaves a combination out, or null.
const Exclusion* exclusion_of(const Matrix& matrix, const Point& setting) {
  for (const Exclusion& rule : matrix.exclude) {
    bool all = true;
    for (const auto& [name, value] : rule.when) all = all && setting.at(name) == value;
    if (all) return &rule;
  }
  return nullptr;
}

json axes_of(const Matrix& matrix) {
  json list = json::array();
  for (const Axis& axis : matrix.axes)
    list.push_back({{"name", axis.name}, {"values", axis.values}});
  return list;
}

std::string words_of(const Point& setting) {
  std::string text;
  for (const auto& [name, value] : setting)
    text += fmt::format("{} {} = {}", text.empty() ? " with" : ",", name, excerpt(value));
  return text;
}

class Planner {
 public:
  Planner(const Matrix& matrix, const json& load)
      : matrix_(matrix),
        source_{matrix, load},
        timed_settings_(whole_settings(matrix.timing.settings, matrix.axes)) {
    for (const Point& setting : planned_points(matrix)) {
      if (const Exclusion* rule = exclusion_of(matrix, setting)) {
        excluded_.push_back({{"setting", setting}, {"because", rule->because}});
        continue;
      }
      check_requests(setting);
      const Point off = switches_off(setting);
      compare_with_reference(setting);
      if (off != setting) compare_with_switches_off(setting, off);
      if (matrix.floor) measure_floor(off);
    }
    if (comparisons_.empty())
      throw UserError(
          "the matrix leaves nothing to compare: every combination is excluded, so relax "
          "`exclude`");
    check_timed_settings();
  }

  json plan() const {
    const Timing& timing = matrix_.timing;
    const json cases = list_.cases();
    const int blocks =
        timing.blocks *
        timed_prompts(timing, matrix_.prompts.size() * matrix_.seeds.size(), matrix_.seeds.size());
    const json time_floor =
        time_floor_rows(cases, comparisons_, static_cast<std::size_t>(std::max(0, blocks)));
    json plan = {
        {"schema", kPlanSchema},
        {"name", matrix_.name},
        {"matrix_sha256", matrix_.sha256},
        {"model", model_text()},
        {"timing",
         {{"warmup", timing.warmup}, {"blocks", timing.blocks}, {"prompts", timing.prompts}}},
        {"axes", axes_of(matrix_)},
        {"environments", list_.environments()},
        {"cases", cases},
        {"samples", ordered_samples(list_.environments(), cases, comparisons_, time_floor, timing,
                                    matrix_.seeds.size())},
        {"comparisons", comparisons_},
        {"excluded", excluded_}};
    for (const auto& [name, model] : matrix_.models) plan["models"][name] = model.path;
    if (matrix_.claims) plan["claims"] = true;
    if (!matrix_.kept.empty()) plan["kept"] = matrix_.kept;
    if (matrix_.floor) plan["floor"] = floor_;
    if (!time_floor.empty()) plan["time_floor"] = time_floor;
    if (!matrix_.reasons.empty()) plan["reasons"] = matrix_.reasons;
    return plan;
  }

 private:
  // Where the models are an axis of both arms, they are all there is.
  std::string model_text() const {
    std::string text;
    for (const Axis& axis : matrix_.axes)
      if (axis.name == "both.load.model")
        for (const std::string name : axis.values)
          text += (text.empty() ? "" : ", ") + name + ": " + matrix_.models.at(name).path;
    return text.empty() ? source_.load.at("model").get<std::string>() : text;
  }

  // One that is asked for and never made would be missed only where its times are looked for.
  void check_timed_settings() const {
    if (matrix_.timing.blocks == 0) return;
    for (std::size_t i = 0; i < timed_settings_.size(); ++i)
      if (std::ranges::none_of(comparisons_, [&](const json& comparison) {
            return is_asked_for(comparison.at("setting"), {timed_settings_[i]});
          }))
        throw UserError(
            fmt::format("timing.settings[{}]: no combination that is made has it; name "
                        "it in `settings` too, or relax `exclude`",
                        i));
  }

  // Values that are good one by one may not go together: said here once, and not by every sample.
  void check_requests(const Point& setting) const {
    std::set<std::string> sizes;
    for (const char* arm : {"reference", "candidate"}) try {
        const Case made = source_.arm(setting, arm, matrix_.prompts.front(), matrix_.seeds.front());
        const Request request = read_request(made.request);
        try {
          check_together(read_load_options(made.environment.at("load")));
        } catch (const UserError& error) {
          throw UserError(std::string(error.what()) +
                          ", or leave the combination out by `exclude`");
        }
        sizes.insert(fmt::format("{}x{}", request.width, request.height));
        if (request.timesteps.empty() && request.sigmas.empty()) continue;
        const json& load = made.environment.at("load");
        const std::string why = refusal_of_own_steps(
            scheduler_class_of(load.at("model").get<std::string>(), load.value("scheduler", "")),
            !request.timesteps.empty(), !request.sigmas.empty());
        if (!why.empty()) throw UserError(why + "; or leave the combination out by `exclude`");
      } catch (const UserError& error) {
        throw UserError(fmt::format("the {}{}: {}", arm, words_of(setting), error.what()));
      }
    if (sizes.size() > 1)
      throw UserError(
          fmt::format("the arms' pictures are {}{}: they cannot be compared; give both "
                      "one size, or leave the combination out by `exclude`",
                      fmt::join(sizes, " and "), words_of(setting)));
  }

  // A pair for each prompt and seed, whose cases `add` fills in.
  template <typename AddCases>
  json pairs(AddCases add) const {
    json list = json::array();
    for (const std::string& prompt : matrix_.prompts)
      for (const std::uint64_t seed : matrix_.seeds) {
        json pair = {{"prompt", prompt}, {"seed", seed}};
        add(prompt, seed, pair);
        list.push_back(std::move(pair));
      }
    return list;
  }

  void compare_with_reference(const Point& setting) {
    add_comparison(setting, "reference",
                   pairs([&](const std::string& prompt, std::uint64_t seed, json& pair) {
                     pair["candidate"] = list_.add(source_.arm(setting, "candidate", prompt, seed));
                     pair["reference"] = list_.add(source_.arm(setting, "reference", prompt, seed));
                     if (matrix_.oracle)
                       pair["oracle"] = list_.add(source_.oracle(setting, prompt, seed));
                   }));
  }

  void compare_with_switches_off(const Point& setting, const Point& off) {
    add_comparison(setting, "switches_off",
                   pairs([&](const std::string& prompt, std::uint64_t seed, json& pair) {
                     pair["candidate"] = list_.add(source_.arm(setting, "candidate", prompt, seed));
                     pair["reference"] = list_.add(source_.arm(off, "candidate", prompt, seed));
                   }));
  }

  void add_comparison(const Point& setting, const char* kind, const json& pairs) {
    const std::string id = id_of({{"setting", setting}, {"kind", kind}, {"pairs", pairs}});
    comparisons_.push_back({{"id", id}, {"setting", setting}, {"kind", kind}, {"pairs", pairs}});
    if (!is_asked_for(setting, timed_settings_)) comparisons_.back()["timed"] = false;
  }

  void measure_floor(const Point& off) {
    for (const auto& [arm, kind, remake] : floor_kinds(matrix_, off)) {
      const json rows = pairs([&](const std::string& prompt, std::uint64_t seed, json& pair) {
        Case once = source_.arm(off, arm, prompt, seed), again = once;
        remake(again);
        pair["reference"] = list_.add(once);
        pair["candidate"] = list_.add(again);
      });
      const std::string id = id_of({{"floor", kind}, {"pairs", rows}});
      if (known_floors_.insert(id).second)  // many settings share one floor
        floor_.push_back({{"id", id}, {"arm", arm}, {"kind", kind}, {"pairs", rows}});
    }
  }

  const Matrix& matrix_;
  const CaseSource source_;
  const std::vector<Point> timed_settings_;
  CaseList list_;
  std::set<std::string> known_floors_;
  json comparisons_ = json::array(), excluded_ = json::array(), floor_ = json::array();
};

// "python3 /here/my_engine.py" is the engine "python3 my_engine.py", wherever it lies.
std::string without_folders(const std::string& engine) {
  std::string text;
  std::istringstream words(is_folder(engine) ? kFolderEngine : engine);
  for (std::string word; words >> word;)
    text += (text.empty() ? "" : " ") + std::filesystem::path(word).filename().string();
  return text;
}

json environment_of_recipe(const json& environment, const json& kept) {
  json load = environment.at("load"), variables = environment.at("variables");
  for (const char* folder : {"model", "vae"}) load.erase(folder);
  if (load.contains("scheduler"))  // a class, or a file, whose content stands in the cohort
    load["scheduler"] =
        std::filesystem::path(load.at("scheduler").get<std::string>()).filename().string();
  name_loras(load);
  for (const auto& [name, value] : kept.items())
    if (variables.value(name, json()) == value) variables.erase(name);
  return {{"engine", without_folders(environment.at("engine"))},
          {"load", load},
          {"variables", variables}};
}

// Who made each picture of a comparison, pair by pair, in which arm: what of its environment and
// request is the same for all pairs stands once.
json arms_of(const json& comparison, const std::map<std::string, json>& made) {
  json arms = json::object();
  for (const json& pair : comparison.at("pairs"))
    for (const char* arm : {"candidate", "reference", "oracle"}) {
      if (!pair.contains(arm)) continue;
      const json& one = made.at(pair.at(arm));
      json& of_arm = arms[arm];
      if (of_arm.is_null() || of_arm.back().at(0) != one.at(0))
        of_arm.push_back({one.at(0), json::array()});
      of_arm.back().at(1).push_back(one.at(1));
    }
  return arms;
}

}  // namespace

json make_plan(const Matrix& matrix, const json& load) { return Planner(matrix, load).plan(); }

std::string recipe_of(const json& plan) {
  // What lies in the folders that engines and load options name is told by its content, once it is
  // loaded, and --keep-env's variables stand in the cohort beside it (reports/run/cohort.h).
  std::map<std::string, json> environments, made;  // by id, of the plan's environments and cases
  for (const json& environment : plan.at("environments"))
    environments[environment.at("id")] =
        environment_of_recipe(environment, plan.value("kept", json::object()));
  json requests = json::array();
  for (const json& one : plan.at("cases")) {
    made[one.at("id")] = {environments.at(one.at("environment")), requests.size()};
    requests.push_back({one.at("request"), one.at("noise_precision")});
  }
  json recipe = {{"axes", plan.at("axes")},
                 {"timing", plan.at("timing")},
                 {"requests", requests},
                 {"comparisons", json::array()}};
  for (const json& comparison : plan.at("comparisons"))
    recipe["comparisons"].push_back(
        {comparison.at("setting"), comparison.at("kind"), arms_of(comparison, made)});
  for (const json& row : plan.value("floor", json::array()))
    recipe["floor"].push_back({row.at("arm"), row.at("kind"), arms_of(row, made)});
  return kRecipeFormat + sha256(recipe.dump());
}

}  // namespace sameseed
