// One entry of a report: what a setting costs and buys against its counterpart. Its fields as
// report.json has them: reports/FILES.md.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/engagement.h"
#include "reports/run/plan.h"
#include "reports/run/run_index.h"
#include "reports/run/scored_pair.h"
#include "reports/statistics/statistics.h"
#include "reports/summary/damage.h"
#include "reports/summary/oracle.h"
#include "reports/summary/setting_class.h"
#include "reports/summary/speed.h"
#include "reports/summary/trace.h"

namespace sameseed {

// What an arm is: its engine, its environment and the values of all the matrix's axes.
struct Arm {
  std::string engine, environment;
  Setting axes;  // axis without its arm -> value
};

// A noise floor beside a score, in loss.
struct FloorBeside {
  std::string row;  // id of the floor's row
  std::string unit;
  double mean = 0, worst = 0;   // may be infinite
  std::optional<double> bound;  // as FloorLosses has it
};

// The scores of one metric over a comparison's pairs.
struct Quality {
  Statistics statistics;
  std::string unit;
  Direction better = Direction::kLower;
  std::string unavailable = {};                    // why no pair has a score
  std::map<std::string, FloorBeside> floors = {};  // "ARM, KIND" -> floor; empty: none is known
  std::string reading = {};  // beside these: see noise_floor.h; empty without any
};

struct BrokenPicture {
  std::string case_id, side;  // "candidate" or "reference"
  std::vector<std::string> ways;
  bool operator==(const BrokenPicture&) const = default;
};

// Whether the candidate's final latents differ from those with the switches off.
struct ChangedOutput {
  std::size_t pairs = 0, latents_differ = 0;
};

struct Comparison {
  std::string id;
  Setting setting;
  std::string label;    // of the setting, for people: "conv half 1, deepcache 3/0/0"
  std::string against;  // "reference" or "switches_off"
  Arm candidate, reference;
  std::string status;  // "ok", "failed", "missing", "unsupported" or "refused"
  std::string reason;
  std::map<std::string, Quality> quality;  // by metric
  std::optional<std::map<std::string, OracleReading>>
      oracle;                       // by metric; nothing: none was asked for
  ClassReading setting_class = {};  // how close the arms are shown to be
  std::vector<BrokenPicture> broken;
  std::optional<Damage> damage;
  Speed speed;
  std::map<std::string, std::string> refused;    // candidate's case -> why its pair has no scores
  std::map<std::string, Engagement> engagement;  // "candidate.AXIS" -> proof
  std::optional<ChangedOutput> changed_output;
  std::vector<ScoredPair> pairs;
  std::optional<TraceSummary> trace;
  std::string repeat;  // the command that makes both pictures of the first pair and scores them

  bool is_against_reference() const { return against == "reference"; }
  const Quality* metric(const std::string& name) const;  // null where there is none
};

struct FloorRow;
struct TimeFloorRow;

// `floor`: floor_rows() of the run; `time_floor`: time_floor_of() it.
Comparison comparison_of(const MadeComparison& made, const RunIndex& run,
                         const std::vector<FloorRow>& floor,
                         const std::vector<TimeFloorRow>& time_floor);

}  // namespace sameseed
