// Which of many claims hold, at a family-wise rate for all of them together.
#pragma once

#include <vector>

#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {

struct Claims {
  std::vector<EffectEstimate> estimates;  // their intervals hold all together (one step)
  std::vector<bool> shown;  // larger than its margin, at `confidence` for all together
};

// Holm's step-down procedure with resampled critical values in the place of Bonferroni's (Romano
// and Wolf 2005, after Westfall and Young 1993): what is shown leaves the family, and the rest is
// judged anew, until nothing more is shown. The chance of one false claim or more among all rows is
// at most 1 - confidence. `rows` and `observations` as estimate_family() wants them; a row is shown
// where its mean is beyond `margins` (0 and up, one each) on either side.
Claims step_down(const std::vector<SparseRow>& rows, std::size_t observations,
                 const std::vector<double>& margins, const FamilyOptions& options = {});

}  // namespace sameseed
