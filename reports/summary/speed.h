// Times of a comparison, from its A B B A blocks.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/run_files.h"
#include "reports/statistics/statistics.h"

namespace sameseed {

// A sample of a whole block, with its times.
struct TimedSample {
  std::string sample, case_id;
  std::string arm;  // "candidate" or "reference"
  std::size_t block = 0;
  Timings ms = {};
};

// The reference against itself, in the environment that a comparison's setting is held against.
struct AgainstItself {
  std::string row;                     // id
  std::size_t blocks = 0;              // as those of a comparison
  std::optional<Estimate> ratio = {};  // of its own two halves; nothing of too few blocks
  std::string reading = {};            // kNoDifference, kDifference or too_few_blocks()
};
inline constexpr const char* kNoDifference =
    "no difference from the reference against itself shown";
inline constexpr const char* kDifference = "differs from the reference against itself";

struct TimingStatistics {
  Statistics candidate, reference;  // ms of a sample
  std::size_t blocks = 0;           // counted, and with this timing in all four samples
  // Candidate / reference, the geometric mean over the blocks; nothing where too_few_blocks() says
  // so.
  std::optional<Estimate> ratio = {};
  std::optional<AgainstItself> itself = {};  // nothing where the plan has no such row
};

struct Speed {
  std::map<std::string, TimingStatistics> timings;  // a timing that no sample has is left out
  std::vector<TimedSample> samples;                 // those counted
  std::map<std::string, int> invalid;               // reason -> how many samples carry it
  int broken_blocks = 0;   // not whole, or not made by one start of the program: not counted
  int invalid_blocks = 0;  // whole, but with samples that carry a reason: not counted

  // Whether blocks were made and none of them counts.
  bool is_lost() const { return samples.empty() && broken_blocks + invalid_blocks > 0; }
  // Null where no sample has the timing.
  const TimingStatistics* timing(const std::string& name) const;
};

// "6 of 12 blocks counted (6 broken: ...)" where blocks of this timing are missing, which were to
// be made and are not there whole; empty where none are. Invalid ones are not missing.
std::string missing_blocks(const Speed& speed, const std::string& timing);

// `records` are the timing samples of one comparison. Only whole blocks count, four samples that
// are "ok" and of one start, and of these only those without a sample of an invalid environment.
Speed speed_of(const std::vector<const SampleRecord*>& records);

// Block -> log of the candidate's time / the other arm's. Blocks that lack the timing in one of
// their four samples are left out.
std::map<std::size_t, double> log_ratios(const std::vector<TimedSample>& samples,
                                         const std::string& timing);

}  // namespace sameseed
