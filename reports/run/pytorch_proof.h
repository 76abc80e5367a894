// The proof that PyTorch's own precision settings acted: `load.fp16_accumulation` and `load.tf32`.
#pragma once

#include <optional>
#include <string>

#include "reports/run/proof.h"

namespace sameseed {

// Nothing where `axis` (without its arm) is another.
std::optional<Proof> pytorch_proof(const std::string& axis, const AxisValue& asked,
                                   const ArmEvidence& arm);

}  // namespace sameseed
