// The plan's comparisons with what the run made of them, found once. Pointers refer to the run's
// files; null: not there.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/run/run_files.h"

namespace sameseed {

struct MadePair {
  Pair planned;
  const SampleRecord *candidate = nullptr, *reference = nullptr;  // of the pictures
  const SampleRecord* switches_off = nullptr;  // the same request with the candidate's switches off
  const PairScores* score_line = nullptr;      // with values, or refused
  const PairScores *candidate_to_oracle = nullptr, *reference_to_oracle = nullptr;  // with values
  std::string repeat = {};  // the command that makes the candidate again

  // The line, where it has values.
  const PairScores* scores() const {
    return score_line && !score_line->refused ? score_line : nullptr;
  }
};

// How one side was to be made: its first case, and the newest worker of that case's environment.
struct MadeArm {
  const PlannedCase* first_case = nullptr;
  const PlannedEnvironment* environment = nullptr;
  const WorkerRecord* worker = nullptr;
};

struct MadeComparison {
  const PlannedComparison* planned = nullptr;
  std::string label;  // of the setting, for people: "conv half 1, deepcache 3/0/0"
  MadeArm candidate, reference;
  std::vector<MadePair> pairs;
  std::vector<const SampleRecord*> timing;
  std::size_t planned_timing = 0;       // samples
  std::vector<std::size_t> floor_rows;  // of the run: those that share a case with it
  std::string time_floor;               // id of the row of its setting's reference, or empty
  std::string repeat;  // the command that makes both pictures of the first pair and scores them
};

struct MadeFloorRow {
  const PlannedFloorRow* planned = nullptr;
  MadeArm candidate, reference;
  std::vector<MadePair> pairs;
};

}  // namespace sameseed
