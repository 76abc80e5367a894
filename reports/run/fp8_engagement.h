// The proof that products ran in FP8, and with which sums: `load.linear` and
// `load.fp8_fast_accumulation`.
#pragma once

#include <optional>
#include <string>

#include "reports/run/engagement.h"

namespace sameseed {

struct Fp8Proof {
  std::string verdict, evidence;  // as in Engagement
};

// Nothing where `axis` (without its arm) is another.
std::optional<Fp8Proof> fp8_proof(const std::string& axis, const AxisValue& asked,
                                  const ArmEvidence& arm);

}  // namespace sameseed
