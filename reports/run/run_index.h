// A run's records, found by what a report asks for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/engagement.h"
#include "reports/run/run_files.h"

namespace sameseed {

// Made once a report, so that a lookup does not scan the run. Refers to `files`.
class RunIndex {
 public:
  explicit RunIndex(const RunFiles& files);

  const RunFiles& files() const { return files_; }
  const RunPlan& plan() const { return files_.plan; }
  const std::vector<ReportMetric>& metrics() const;  // empty where nothing was scored
  const OffProbes& probes() const { return probes_; }

  // All of these answer null or empty for what is not there.
  const PlannedCase* case_of(const std::string& id) const { return find(cases_, id); }
  const PlannedEnvironment* environment(const std::string& id) const {
    return find(environments_, id);
  }
  const WorkerRecord* newest_worker(const std::string& environment) const {
    return find(workers_, environment);
  }
  const SampleRecord* quality_record(const std::string& case_id) const {
    return find(quality_, case_id);
  }
  // The planned timing samples of a comparison, and the records there are of them.
  std::size_t planned_timing(const std::string& comparison) const;
  const std::vector<const SampleRecord*>& timing_records(const std::string& comparison) const;
  // The scores of a pair of cases; null where it was not scored or refused.
  const PairScores* scores(const Pair& pair) const;
  // The same, refused ones too.
  const PairScores* score_line(const Pair& pair) const;
  // The value of a metric of a scored pair of cases, which may be infinite; nothing where there is
  // no number.
  std::optional<double> score(const std::string& candidate_case, const std::string& reference_case,
                              const std::string& metric) const;
  // The same request with the candidate's switches off: a case id, or empty.
  std::string switches_off(const std::string& candidate_case) const;

 private:
  template <typename Record>
  using Found = std::map<std::string, const Record*>;
  template <typename Record>
  static const Record* find(const Found<Record>& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
  }

  const RunFiles& files_;
  OffProbes probes_;
  Found<PlannedCase> cases_;
  Found<PlannedEnvironment> environments_;
  Found<WorkerRecord> workers_;
  Found<SampleRecord> quality_;
  std::map<std::string, std::size_t> planned_;
  std::map<std::string, std::vector<const SampleRecord*>> timing_;
  std::map<std::string, std::string> off_;
};

// The command that makes a case of the run in `folder` again.
std::string repeat_command(const std::string& folder, const std::string& case_id,
                           const std::string& picture);

}  // namespace sameseed
