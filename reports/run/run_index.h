// A run's records, found by what a report asks for.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/engagement.h"
#include "reports/run/run_files.h"

namespace sameseed {

// The value of a metric in a line of scores.jsonl, which may be infinite; nothing where there is no
// number.
std::optional<double> score_in(const nlohmann::json& line, const std::string& metric);

// Made once a report, so that a lookup does not scan the run. Holds references into `files`.
class RunIndex {
 public:
  explicit RunIndex(const RunFiles& files);

  const RunFiles& files() const { return files_; }
  const nlohmann::json& metrics() const { return metrics_; }  // empty where nothing was scored
  const OffProbes& probes() const { return probes_; }

  // All of these answer null or empty for what is not there.
  const nlohmann::json* case_of(const std::string& id) const { return find(cases_, id); }
  const nlohmann::json* environment(const std::string& id) const { return find(environments_, id); }
  const nlohmann::json* newest_worker(const std::string& environment) const {
    return find(workers_, environment);
  }
  const nlohmann::json* quality_record(const std::string& case_id) const {
    return find(quality_, case_id);
  }
  // The planned timing samples of a comparison, and the records there are of them.
  std::size_t planned_timing(const std::string& comparison) const;
  const std::vector<const nlohmann::json*>& timing_records(const std::string& comparison) const;
  // The scores of a pair of cases (a line of scores.jsonl); null where it was not scored or
  // refused.
  const nlohmann::json* scores(const std::string& candidate_case,
                               const std::string& reference_case) const;
  // The value of a metric of a scored pair of cases, which may be infinite; nothing where there is
  // no number.
  std::optional<double> score(const std::string& candidate_case, const std::string& reference_case,
                              const std::string& metric) const;
  // The same request with the candidate's switches off: a case id, or empty.
  std::string switches_off(const std::string& candidate_case) const;

 private:
  using Found = std::map<std::string, const nlohmann::json*>;
  static const nlohmann::json* find(const Found& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
  }

  const RunFiles& files_;
  nlohmann::json metrics_ = nlohmann::json::array();
  OffProbes probes_;
  Found cases_, environments_, workers_, quality_;
  std::map<std::string, std::size_t> planned_;
  std::map<std::string, std::vector<const nlohmann::json*>> timing_;
  std::map<std::string, std::string> off_;
};

}  // namespace sameseed
