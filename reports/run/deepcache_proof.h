// The proof of request.deepcache: which steps were full, and how much of the network the others
// ran.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/run/proof.h"

namespace sameseed {

Proof deepcache_proof(const nlohmann::json& asked, const ArmEvidence& arm, const RunEvidence& run);

}  // namespace sameseed
