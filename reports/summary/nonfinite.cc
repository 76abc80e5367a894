#include "reports/summary/nonfinite.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "reports/run/labels.h"
#include "reports/summary/comparison.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kBroken = 7;

std::string first_layer(const json& entry) {
  return entry.at("layers").empty() ? "" : entry.at("layers").at(0).at("layer").get<std::string>();
}

std::string described(const std::string& layer) {
  if (layer == "latents") return "the sampler's own arithmetic";
  return layer.starts_with("input of ") ? "the " + layer : "the output of " + layer;
}

// "1024 of its final latents are NaN or infinite, at first the output of mid_block.resnets.0.conv1
// (12 values) in step 3"
std::string what_broke(const json& entry) {
  const auto latents = entry.at("latents").get<std::uint64_t>();
  std::string text = latents > 0
                         ? fmt::format("{} of its final latents are NaN or infinite", latents)
                         : fmt::format("{} values of its picture are NaN or infinite",
                                       entry.at("image").get<std::uint64_t>());
  if (entry.at("layers").empty())
    return text + "; made again with every layer watched it came out finite";
  text += fmt::format(", at first {} ({} values)", described(one_line(first_layer(entry))),
                      entry.at("layers").at(0).at("count").get<std::uint64_t>());
  if (entry.at("step").is_number())
    text += fmt::format(" in step {}", entry.at("step").get<std::uint64_t>());
  return text;
}

}  // namespace

json nonfinite_cases(const RunIndex& run) {
  const RunFiles& files = run.files();
  json list = json::array();
  std::set<std::string> seen;
  for (const json& sample : files.plan.at("samples")) {
    const auto found = files.samples.find(sample.at("id"));
    if (found == files.samples.end() || !found->second.contains("nonfinite")) continue;
    const std::string case_id = sample.at("case");
    if (!seen.insert(case_id).second) continue;
    json entry = found->second.at("nonfinite");
    entry["sample"] = sample.at("id");
    entry["case"] = case_id;
    entry["environment"] = run.case_of(case_id)->at("environment");
    entry["engine"] = run.environment(entry.at("environment"))->at("engine");
    entry["repeat"] = repeat_command(files, case_id, case_id + ".png");
    list.push_back(std::move(entry));
  }
  return list;
}

void add_nonfinite(const json& report, json& causes) {
  std::map<std::pair<std::string, std::string>, std::pair<const json*, int>> kinds;
  const json cases = report.value("nonfinite", json::array());
  for (const json& entry : cases) {
    auto& [first, count] = kinds[{entry.at("environment"), first_layer(entry)}];
    if (count++ == 0) first = &entry;
  }
  for (const auto& [kind, found] : kinds) {
    const json& entry = *found.first;
    causes.push_back(
        {{"kind", "broken"},
         {"code", kBroken},
         {"sample", entry.at("sample")},
         {"text",
          fmt::format("{} pictures of the {} engine (environment {}) are broken; of case {} "
                      "{}; repeat: {}",
                      found.second, one_line(entry.at("engine").get<std::string>()), kind.first,
                      entry.at("case").get<std::string>(), what_broke(entry),
                      entry.at("repeat").get<std::string>())}});
  }
}

}  // namespace sameseed
