// Failures that are alike, told once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/summary/summary.h"

namespace sameseed {

// Failures of one kind whose messages differ in ids only.
struct AlikeFailures {
  const Failure* first;  // in the plan's order; points into what was given
  std::size_t samples = 0;
};

// Pure. In the order of the first of each.
std::vector<AlikeFailures> alike(const std::vector<Failure>& failures);

// "96 samples failed alike: crashed: signal 11; the first is sample q:on-0", or one sample's own
// words.
std::string told(const AlikeFailures& failures);

// "3 samples missing, 1 sample crashed": every kind but `unsupported`; empty where there is none.
std::string counted(const std::vector<Failure>& failures);

}  // namespace sameseed
