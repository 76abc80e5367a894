// Where two arms began to differ: the traces of their pairs, step by step and block by block.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/made_comparison.h"

namespace sameseed {

// What stands where a floor would, where none was measured.
inline constexpr const char* kNoTraceFloor = "no floor was measured: any difference counts";

// A number a step, and a number a step and block; nothing where there is none.
struct TraceCurves {
  std::vector<std::optional<double>> latents;
  std::vector<std::vector<std::optional<double>>> block_norms;
};

struct TraceSummary {
  std::size_t pairs = 0;
  std::vector<std::string> blocks;
  TraceCurves mean;                                // over the pairs
  std::vector<std::optional<double>> over_blocks;  // a block each: means over the steps
  std::optional<std::size_t> first_step;           // the first beyond the floor, from 0
  struct FirstBlock {
    std::string block;
    std::size_t step = 0;
  };
  std::optional<FirstBlock> first_block;
  std::optional<std::size_t> nonfinite_from;
  std::size_t floor_pairs = 0;
  std::optional<TraceCurves> floor;    // the worst of equal pairs; nothing: none was measured
  std::optional<std::string> refused;  // why nothing was compared
};

// Pure. `pairs` are the traces of a comparison's pairs, `floor` those of pairs that ought to be
// equal. Beyond the floor is a mean over the pairs that is larger than every floor pair's value at
// the same step (and block); without a floor of as many steps, any difference. Nothing where there
// are no pairs.
std::optional<TraceSummary> trace_summary(const std::vector<const PairTrace*>& pairs,
                                          const std::vector<const PairTrace*>& floor);

// The same for a comparison of the plan, its floor the rows beside it.
std::optional<TraceSummary> trace_of(const MadeComparison& comparison,
                                     const std::vector<MadeFloorRow>& floor);

}  // namespace sameseed
