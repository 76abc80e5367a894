// plan.json as the report reads it (reports/FILES.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/statistics/setting.h"

namespace sameseed {

// A combination of the axes' values that the matrix leaves out.
struct Excluded {
  Setting setting;
  std::string because;
};

struct PlannedEnvironment {
  std::string id, engine;
  std::map<std::string, AxisValue> variables;  // null: unset
  nlohmann::json load;                         // the options of the `load` request
};

struct PlannedCase {
  std::string id, environment;
  nlohmann::json request;
  std::string noise_precision;
};

struct PlannedSample {
  std::string id, case_id;
  std::string kind;        // "quality", "timing" or "warmup"
  std::string comparison;  // empty: of none
};

// Two cases that are compared.
struct Pair {
  std::string candidate, reference;  // ids of cases
  std::string prompt;
  std::uint64_t seed = 0;
  std::string oracle = {};  // id of its case, or empty
  // Of the run's prompts that have the same token ids, or in this comparison the same pictures of
  // both arms (equal_pictures.h), the least, where it is another one. The
  // engines' records say so: the plan does not know, and a run without records does not either.
  std::string same_as = {};

  // What counts once, however many seeds it has: the prompt, as its token ids and its pictures.
  const std::string& observation() const { return same_as.empty() ? prompt : same_as; }
};

struct PlannedComparison {
  std::string id;
  std::string against;  // "reference" or "switches_off"
  Setting setting;
  std::vector<Pair> pairs;  // at least one
};

// An arm, switches off, against itself made another way.
struct PlannedFloorRow {
  std::string id;
  std::string arm;          // "reference" or "candidate"
  std::string kind;         // "second process", "other thread count" or "cuDNN v8 and v7"
  std::vector<Pair> pairs;  // at least one
};

// The reference against itself, timed.
struct PlannedTimeFloor {
  std::string id, environment;
};

struct RunPlan {
  std::string name, model;
  std::map<std::string, std::string> models = {};  // of axes load.model: name -> folder
  std::vector<SweepAxis> axes;
  std::vector<Excluded> excluded;
  std::map<std::string, std::string> reasons;  // axis -> why it has these values, of some
  std::vector<PlannedEnvironment> environments;
  std::vector<PlannedCase> cases;
  std::vector<PlannedSample> samples;
  std::vector<PlannedComparison> comparisons;
  std::optional<std::vector<PlannedFloorRow>> floor;  // nothing: none was asked for
  bool claims = false;                                // to be held against what was measured
  std::vector<PlannedTimeFloor> time_floor;           // at most one of an environment
};

// Throws UserError that begins with `where` (the file) and names the field.
RunPlan parse_run_plan(const nlohmann::json& plan, const std::string& where);

// The same of a file, whose samples are not all in memory as JSON. Throws UserError.
RunPlan read_run_plan(const std::filesystem::path& file);

}  // namespace sameseed
