// A run's records, found by what a report asks for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/made_comparison.h"
#include "reports/run/proof.h"
#include "reports/run/run_files.h"

namespace sameseed {

// Made once a report, so that no later stage looks anything up in the run. Refers to `files`.
class RunIndex {
 public:
  explicit RunIndex(const RunFiles& files);

  const RunFiles& files() const { return files_; }
  const RunPlan& plan() const { return files_.plan; }
  const std::vector<ReportMetric>& metrics() const { return metrics_; }  // empty: not scored
  const RunEvidence& evidence() const { return evidence_; }
  const std::vector<MadeComparison>& comparisons() const { return comparisons_; }
  const std::vector<MadeFloorRow>& floor() const { return floor_; }  // empty: none was asked for

  // These answer null or empty for what is not there.
  const PlannedCase* case_of(const std::string& id) const;
  const PlannedEnvironment* environment(const std::string& id) const;
  const std::vector<const SampleRecord*>& timing_records(const std::string& comparison) const;
  // The value of a metric of a scored pair of cases, which may be infinite; nothing where there is
  // no number.
  std::optional<double> score(const std::string& candidate_case, const std::string& reference_case,
                              const std::string& metric) const;

 private:
  template <typename Record>
  using Found = std::map<std::string, const Record*>;
  const PairScores* score_line(const std::string& candidate, const std::string& reference) const;
  MadePair made_pair(const Pair& pair) const;
  MadeArm made_arm(const std::string& first_case) const;
  MadeComparison made_comparison(const PlannedComparison& planned) const;
  std::vector<std::size_t> floor_beside(const Pair& first) const;
  std::string time_floor_beside(const Setting& setting) const;

  const RunFiles& files_;
  std::vector<ReportMetric> metrics_;
  Found<PlannedCase> cases_;
  Found<PlannedEnvironment> environments_;
  Found<WorkerRecord> workers_;  // the newest of an environment
  Found<SampleRecord> pictures_;
  std::map<std::string, std::size_t> planned_timing_;
  std::map<std::string, std::vector<const SampleRecord*>> timing_;
  std::map<std::string, std::string> off_;  // case -> the same request, candidate's switches off
  std::map<Setting, std::string> reference_of_;  // setting -> its reference's environment
  std::vector<MadeFloorRow> floor_;
  std::vector<MadeComparison> comparisons_;
  RunEvidence evidence_;
};

// The command that makes a case of the run in `folder` again.
std::string repeat_command(const std::string& folder, const std::string& case_id,
                           const std::string& picture);

}  // namespace sameseed
