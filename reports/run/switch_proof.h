// The proof of a variable (env.NAME): how the process read it, and what its layers then did.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reports/run/proof.h"

namespace sameseed {

OffProbes off_probes(const RunPlan& plan, const std::vector<WorkerRecord>& workers);

Proof variable_proof(const std::string& name, const nlohmann::json& asked, const ArmEvidence& arm,
                     const OffProbes& probes);

}  // namespace sameseed
