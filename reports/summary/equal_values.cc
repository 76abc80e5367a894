#include "reports/summary/equal_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace sameseed {
namespace {

using Meanings = std::map<AxisValue, std::string>;  // value -> what the workers took it to mean

std::vector<AxisValue> values_with_equal_meaning(const Engagement& proof,
                                                 const Meanings& meanings) {
  std::vector<AxisValue> same;
  for (const auto& [value, means] : meanings)
    if (value != proof.value && means == proof.means) same.push_back(value);
  const AxisValue canonical = proof.means == "on" ? "1" : "0";
  if (proof.is_default && std::ranges::find(same, canonical) == same.end())
    same.push_back(canonical);
  return same;
}

}  // namespace

void label_equal_values(std::vector<Comparison>& comparisons, const std::vector<SweepAxis>& axes) {
  std::map<std::pair<std::string, std::string>, Meanings> meanings;  // engine, axis without its arm
  std::set<std::string> swept;
  for (const SweepAxis& axis : axes) swept.insert(without_arm(axis.name));
  const auto for_each_proof = [&](auto act) {
    for (Comparison& comparison : comparisons)
      for (auto& [name, proof] : comparison.engagement) {
        const bool candidate = name.starts_with("candidate.");
        const Arm& arm = candidate ? comparison.candidate : comparison.reference;
        const std::string axis = without_arm(name);
        if (!proof.means.empty() && swept.contains(axis))
          act(meanings[{arm.engine, axis}], proof, axis);
      }
  };
  for_each_proof([](Meanings& of_axis, Engagement& proof, const std::string&) {
    of_axis[proof.value] = proof.means;
  });
  for_each_proof([](Meanings& of_axis, Engagement& proof, const std::string& axis) {
    if (auto same = values_with_equal_meaning(proof, of_axis); !same.empty())
      proof.same_as = std::move(same);
    if (proof.is_default)
      proof.same_because = fmt::format("unset means {}'s default",
                                       axis.starts_with("env.ONEFLOW_") ? "OneDiff" : "LibTorch");
  });
}

}  // namespace sameseed
