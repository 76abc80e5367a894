// A plan's cases and environments by their ids.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace sameseed {

class PlanIndex {
 public:
  // `plan` must outlive it.
  explicit PlanIndex(const nlohmann::json& plan);

  // Null where the plan has none.
  const nlohmann::json* find_case(const std::string& id) const;
  const nlohmann::json* find_environment(const std::string& id) const;
  const nlohmann::json& case_of(const nlohmann::json& sample) const;
  const nlohmann::json& environment_of(const nlohmann::json& planned_case) const;
  const nlohmann::json& environment(const std::string& id) const;

 private:
  std::map<std::string, const nlohmann::json*> cases_, environments_;
};

}  // namespace sameseed
