#include "reports/judge/nonfinite.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

constexpr int kInfrastructure = 7;

std::string first_layer(const NonfiniteCase& broken) {
  const nlohmann::json& layers = broken.found.at("layers");
  return layers.empty() ? "" : layers.at(0).at("layer").get<std::string>();
}

std::string described(const std::string& layer) {
  if (layer == "latents") return "the sampler's own arithmetic";
  return layer.starts_with("input of ") ? "the " + layer : "the output of " + layer;
}

// "1024 of its final latents are NaN or infinite, at first the output of mid_block.resnets.0.conv1
// (12 values) in step 3"
std::string what_broke(const NonfiniteCase& broken) {
  const nlohmann::json& found = broken.found;
  const auto latents = found.at("latents").get<std::uint64_t>();
  std::string text = latents > 0
                         ? fmt::format("{} of its final latents are NaN or infinite", latents)
                         : fmt::format("{} values of its picture are NaN or infinite",
                                       found.at("image").get<std::uint64_t>());
  if (found.at("layers").empty())
    return text + "; made again with every layer watched it came out finite";
  text += fmt::format(", at first {} ({} values)", described(one_line(first_layer(broken))),
                      found.at("layers").at(0).at("count").get<std::uint64_t>());
  if (found.at("step").is_number())
    text += fmt::format(" in step {}", found.at("step").get<std::uint64_t>());
  return text;
}

}  // namespace

std::vector<Cause> nonfinite_causes(const Summary& summary) {
  // environment and layer -> the first case, and how many
  std::map<std::pair<std::string, std::string>, std::pair<const NonfiniteCase*, int>> kinds;
  for (const NonfiniteCase& broken : summary.nonfinite) {
    auto& [first, count] = kinds[{broken.environment, first_layer(broken)}];
    if (count++ == 0) first = &broken;
  }
  std::vector<Cause> causes;
  for (const auto& [kind, cases] : kinds) {
    const NonfiniteCase& first = *cases.first;
    causes.push_back(
        {.kind = "broken",
         .code = kInfrastructure,
         .text = fmt::format("{} pictures of the {} engine (environment {}) are broken; of case {} "
                             "{}; repeat: {}",
                             cases.second, one_line(first.engine), kind.first, first.case_id,
                             what_broke(first), first.repeat),
         .sample = first.sample});
  }
  return causes;
}

}  // namespace sameseed
