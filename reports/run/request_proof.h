// The proof of what a request asks for beside DeepCache and post-processing: by what the worker
// counts, by the pictures' files, and by pictures of the same run that were asked for with another
// value.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reports/run/proof.h"

namespace sameseed {

// request.steps, request.timesteps, request.sigmas: by the steps that the worker counts.
Proof steps_proof(const std::string& field, const nlohmann::json& asked, const ArmEvidence& arm,
                  const RunEvidence& run);

// request.size, request.batch: the program takes no picture of another size.
Proof extent_proof(const ArmEvidence& arm, const RunEvidence& run);

// request.guidance, request.negative and the others.
Proof other_field_proof(const std::string& field, const nlohmann::json& asked,
                        const ArmEvidence& arm, const RunEvidence& run);

}  // namespace sameseed
