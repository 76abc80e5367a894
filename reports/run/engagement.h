// The proof that a switch acted, from what the workers read, counted and probed.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sameseed {

// One arm of a comparison: what was asked of it, and what it left behind.
struct ArmEvidence {
  std::string name;                            // "candidate", "reference" or "switches_off"
  std::string engine;                          // as the plan names it
  nlohmann::json asked;                        // axis without its arm ("env.X") -> value
  std::vector<const nlohmann::json*> samples;  // its records, outcome "ok"
  const nlohmann::json* load = nullptr;        // the worker's answer to `load`, where there is one
};

// (engine, variable) -> the error of the probe product with the variable off.
using OffProbes = std::map<std::pair<std::string, std::string>, double>;
OffProbes off_probes(const nlohmann::json& plan, const std::vector<nlohmann::json>& workers);

// For each asked axis, as "ARM.AXIS": {verdict, evidence, value, samples, same_as?}. Judged over
// all samples. Verdicts: "engaged" (its effect shows), "inert" (it cannot act here, or its value
// changes nothing; the evidence says why), "not engaged" (it did not act, or the process read
// another value). Axes that every request obeys visibly (prompt, steps, size) need no proof and
// are left out, and so is an arm without samples.
nlohmann::json engagement_of(const ArmEvidence& arm, const OffProbes& probes);

// Gives each entry of all comparisons' engagement `same_as`: the other values that mean the same to
// the same engine, such as "1" for null. `axes` as in the plan.
void label_equal_values(nlohmann::json& comparisons, const nlohmann::json& axes);

}  // namespace sameseed
