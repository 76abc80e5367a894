// The summary of a run, from which every output is made. formats/json.h says how report.json
// (sameseed/report/2, reports/FILES.md) has it.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/run_files.h"
#include "reports/summary/comparison.h"
#include "reports/summary/cut_prompts.h"
#include "reports/summary/effects.h"
#include "reports/summary/lossy_pictures.h"
#include "reports/summary/noise_floor.h"
#include "reports/summary/repeated_pictures.h"
#include "reports/summary/sensitivity.h"
#include "reports/summary/tested_claims.h"
#include "reports/summary/time_floor.h"

namespace sameseed {

// A planned sample that did not come out.
struct Failure {
  std::string sample, case_id;
  std::string kind;  // its outcome, or "missing"
  std::string error;
  std::vector<std::string> log_tail;
  std::string repeat;  // the command that makes it again
};

// A case whose values were not finite.
struct NonfiniteCase {
  std::string sample, case_id, environment, engine, repeat;
  nlohmann::json found;  // the record's `nonfinite`
};

struct Summary {
  std::string folder;  // of the run
  std::string name, model;
  nlohmann::json start;              // the newest run record; an empty object: never started
  std::vector<std::string> started;  // of every start, ISO 8601
  nlohmann::json cohort;             // an object, see cohort.h
  std::vector<SweepAxis> axes;
  std::vector<Excluded> excluded;
  bool scored = false;
  std::vector<ReportMetric> metrics;  // empty where nothing was scored
  FloorSummary noise_floor;
  std::map<std::string, nlohmann::json> workers;  // environment -> its newest worker record
  std::map<std::string, int> invalid;             // reason -> timing samples that carry it
  std::vector<Failure> failures;                  // in the plan's order
  std::vector<NonfiniteCase> nonfinite;
  CutPrompts cut_prompts = {};
  LossyPictures lossy_pictures = {};
  std::vector<RepeatedPictures> repeated_pictures = {};  // counted once
  std::vector<Comparison> comparisons;
  std::vector<TimeFloorRow> time_floor = {};  // empty: none was asked for
  Effects effects;                            // averaged over models, where these are an axis
  std::vector<std::pair<std::string, Effects>> effects_by_model = {};  // empty: they are none
  std::optional<Sensitivity> sensitivity = {};                         // the same
  std::optional<std::vector<TestedClaim>> claims = {};                 // nothing: not asked for

  const ReportMetric* metric(const std::string& name) const;  // null where there is none
};

// Pure.
Summary summarize_run(const RunIndex& run);

}  // namespace sameseed
