// The class of a setting: how close its pictures are shown to be to the other arm's. A class is
// claimed only where the run shows it:
// * bit-equal: every planned pair is there, and its pictures and latents are equal to the byte;
// * within the floor: on every headline metric the loss is shown to be at most kClassFactor times
//   that of one noise floor;
// * other rounding: the oracle calls the reference nearer in no metric, and the run shows that on
//   no headline metric the candidate is kClassFactor times as far from the oracle as the reference.
//   A candidate that is nearer is of this class too: it rounds otherwise, and better;
// * approximate: the oracle calls the reference nearer in some metric, and the candidate in none.
// Otherwise the class is not told. A floor alone never shows "approximate": who is beyond the floor
// may be nearer to the truth.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/statistics/report_metric.h"

namespace sameseed {

enum class SettingClass { kBitEqual, kWithinFloor, kOtherRounding, kApproximate };  // best first

const char* name_of(SettingClass one);  // "bit-equal", "within the floor", ...
// Throws std::invalid_argument for any other word.
SettingClass class_named(const std::string& word);

struct ClassReading {
  std::optional<SettingClass> name;                // nothing: not told
  SettingClass at_best = SettingClass::kBitEqual;  // every better class is shown not to hold
  std::string because;                             // what shows it, or why nothing does
};

inline constexpr double kClassFactor = 1.5;  // of losses: so much more is another class
inline constexpr double kClassAlpha = 0.05;  // the chance of a class that is better than the true

// Few, so that all can be asked to hold: what people see (LPIPS), the structure (SSIM), and the
// latents, which no rounding to 8 bits hides.
const std::vector<std::string>& headline_metrics();

struct Comparison;
struct FloorRow;

// Of a comparison with its pairs, floors and oracle; `floor`: floor_rows() of the run. Pure.
ClassReading class_of(const Comparison& comparison, const std::vector<FloorRow>& floor,
                      const std::vector<ReportMetric>& metrics);

// "other rounding", or "not told"; for a column.
std::string class_label(const ClassReading& reading);

}  // namespace sameseed
