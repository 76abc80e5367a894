// The proof that products ran in FP8, and with which sums: `load.linear` and
// `load.fp8_fast_accumulation`.
#pragma once

#include <optional>
#include <string>

#include "reports/run/proof.h"

namespace sameseed {

// Nothing where `axis` (without its arm) is another.
std::optional<Proof> fp8_proof(const std::string& axis, const AxisValue& asked,
                               const ArmEvidence& arm);

}  // namespace sameseed
