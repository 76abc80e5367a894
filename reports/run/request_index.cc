#include "reports/run/request_index.h"

#include <set>

namespace sameseed {

using nlohmann::json;

RequestIndex::RequestIndex(const RunFiles& files) {
  std::set<std::string> fields;
  for (const SweepAxis& axis : files.plan.axes)
    if (const auto [kind, name] = kind_and_name(without_arm(axis.name)); kind == "request")
      fields.insert(name);
  std::map<std::string, std::size_t> numbers;  // what is alike -> its group
  for (const PlannedCase& planned : files.plan.cases) {
    Asked& asked = cases_[planned.id];
    asked.planned = &planned;
    json request = planned.request;
    for (const std::string& field : fields) {
      const json value = request.contains(field) ? request.at(field) : json();
      request.erase(field);
      const auto [found, is_new] = numbers.try_emplace(
          planned.environment + "\n" + field + "\n" + request.dump(), groups_.size());
      if (is_new) groups_.emplace_back();
      asked.group[field] = found->second;
      groups_[found->second].push_back(&asked);
      if (planned.request.contains(field)) request[field] = value;
    }
  }
  for (const auto& [id, record] : files.samples)
    if (record.kind == "quality" && record.ok())
      if (const auto found = cases_.find(record.case_id); found != cases_.end())
        found->second.picture = &record;
}

const json* RequestIndex::of(const std::string& case_id) const {
  const auto found = cases_.find(case_id);
  return found == cases_.end() ? nullptr : &found->second.planned->request;
}

const SampleRecord* RequestIndex::picture(const std::string& case_id) const {
  const auto found = cases_.find(case_id);
  return found == cases_.end() ? nullptr : found->second.picture;
}

std::vector<Counterpart> RequestIndex::counterparts(const std::string& case_id,
                                                    const std::string& field) const {
  std::vector<Counterpart> found;
  const auto own = cases_.find(case_id);
  if (own == cases_.end()) return found;
  const auto group = own->second.group.find(field);
  if (group == own->second.group.end()) return found;
  const json of_own = own->second.planned->request.value(field, json());
  for (const Asked* other : groups_[group->second])
    if (const json value = other->planned->request.value(field, json());
        other->picture && value != of_own)
      found.push_back({value, other->picture});
  return found;
}

}  // namespace sameseed
