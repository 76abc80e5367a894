#include "bench/plan/plan_index.h"

#include <stdexcept>

namespace sameseed {

using nlohmann::json;

PlanIndex::PlanIndex(const json& plan) {
  for (const json& planned : plan.at("cases")) cases_[planned.at("id")] = &planned;
  for (const json& environment : plan.at("environments"))
    environments_[environment.at("id")] = &environment;
}

const json* PlanIndex::find_case(const std::string& id) const {
  const auto found = cases_.find(id);
  return found == cases_.end() ? nullptr : found->second;
}

const json* PlanIndex::find_environment(const std::string& id) const {
  const auto found = environments_.find(id);
  return found == environments_.end() ? nullptr : found->second;
}

const json& PlanIndex::case_of(const json& sample) const { return *cases_.at(sample.at("case")); }

const json& PlanIndex::environment_of(const json& planned_case) const {
  return environment(planned_case.at("environment"));
}

const json& PlanIndex::environment(const std::string& id) const {
  const auto found = environments_.find(id);
  if (found == environments_.end()) throw std::logic_error("the plan has no environment " + id);
  return *found->second;
}

}  // namespace sameseed
