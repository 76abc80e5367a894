// What one picture that an engine made shows of its duties.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "bench/check/engine_findings.h"

namespace sameseed {

struct PictureEvidence {
  nlohmann::json request, answer;
  // Files beside the picture that were written to under the names that they have now.
  std::set<std::string> written;
  std::string token_ids;  // what hashes.token_ids ought to be
};

// Looks at the answer and at the files, and enters what was seen of each duty.
void look_at_picture(const PictureEvidence& evidence, EngineFindings& findings);

// "seed 0, 128x96"
std::string label_of(const nlohmann::json& request);

// The hashes of an answer; an empty object where it has none.
nlohmann::json hashes_of(const nlohmann::json& answer);

}  // namespace sameseed
