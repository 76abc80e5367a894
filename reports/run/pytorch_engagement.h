// The proof that PyTorch's own precision settings acted: `load.fp16_accumulation` and `load.tf32`.
#pragma once

#include <optional>
#include <string>

#include "reports/run/engagement.h"

namespace sameseed {

struct PytorchProof {
  std::string verdict, evidence;  // as in Engagement
};

// Nothing where `axis` (without its arm) is another.
std::optional<PytorchProof> pytorch_proof(const std::string& axis, const AxisValue& asked,
                                          const ArmEvidence& arm);

}  // namespace sameseed
