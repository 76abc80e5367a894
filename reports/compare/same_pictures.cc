#include "reports/compare/same_pictures.h"

#include <filesystem>
#include <set>
#include <tuple>

#include "reports/run/lora_names.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::pair<const char*, std::string Pair::*> kSides[] = {{"candidate", &Pair::candidate},
                                                                  {"reference", &Pair::reference}};

// The same case wherever its model lies: its environment and request, less prompt and seed.
json same_case(const PlannedCase& planned, const RunIndex& run) {
  const PlannedEnvironment& environment = *run.environment(planned.environment);
  json load = environment.load, request = planned.request;
  for (const auto& [name, folder] : run.plan().models)
    if (load.value("model", "") == folder) load["model"] = name;
  for (const char* folder : {"model", "vae"})
    if (load.contains(folder) && load.at(folder).is_string())
      load[folder] = std::filesystem::path(load.at(folder).get<std::string>()).filename().string();
  name_loras(load);
  // Those of --keep-env are the run's, and may be what was varied.
  json variables = environment.variables;
  if (!run.files().starts.empty()) {
    const json kept =
        run.files().starts.back().value("cohort", json::object()).value("variables", json());
    if (kept.is_object())
      for (const auto& [name, value] : kept.items()) variables.erase(name);
  }
  request.erase("prompt");
  request.erase("seed");
  return {{"engine", environment.engine},
          {"variables", std::move(variables)},
          {"load", std::move(load)},
          {"request", std::move(request)},
          {"noise_precision", planned.noise_precision}};
}

// An id stands for one picture in its own run only.
using PictureKey = std::tuple<json, std::string, std::uint64_t>;  // same case, prompt, seed

std::map<PictureKey, std::string> pictures_of(const RunIndex& run) {
  std::map<PictureKey, std::string> pictures;
  for (const PlannedComparison& comparison : run.plan().comparisons)
    for (const Pair& pair : comparison.pairs)
      for (const auto& [name, side] : kSides) {
        const PlannedCase& planned = *run.case_of(pair.*side);
        pictures.emplace(PictureKey{same_case(planned, run), pair.prompt, pair.seed}, planned.id);
      }
  return pictures;
}

// The axes that an arm sees: its own, and those of both.
Setting seen_by(const std::string& arm, const Setting& setting) {
  Setting seen;
  for (const auto& [axis, value] : setting)
    if (axis.starts_with("both.") || axis.starts_with(arm + ".")) seen[axis] = value;
  return seen;
}

}  // namespace

std::vector<SamePicture> same_pictures(const RunIndex& a, const RunIndex& b) {
  const auto theirs = pictures_of(b);
  std::vector<SamePicture> list;
  std::set<std::string> seen;
  // Settings are named by the comparisons with the reference; a case of theirs may stand in others.
  for (const std::string against : {"reference", "switches_off"})
    for (const PlannedComparison& comparison : a.plan().comparisons) {
      if (comparison.against != against) continue;
      for (const Pair& pair : comparison.pairs)
        for (const auto& [name, side] : kSides) {
          const PlannedCase& planned = *a.case_of(pair.*side);
          if (!seen.insert(planned.id).second) continue;
          const bool is_off = against == "switches_off" && side == &Pair::reference;
          SamePicture same{.a = planned.id,
                           .b = {},
                           .arm = is_off ? "switches off" : name,
                           .setting = seen_by(name, comparison.setting),
                           .same_case = same_case(planned, a),
                           .prompt = pair.prompt,
                           .seed = pair.seed};
          const auto found = theirs.find({same.same_case, same.prompt, same.seed});
          if (found == theirs.end()) continue;
          same.b = found->second;
          list.push_back(std::move(same));
        }
    }
  return list;
}

}  // namespace sameseed
