// The proof that a switch acted, from what the workers read, counted and probed.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/run_files.h"

namespace sameseed {

// One arm of a comparison: what was asked of it, and what it left behind.
struct ArmEvidence {
  std::string name;                          // "candidate", "reference" or "switches_off"
  std::string engine;                        // as the plan names it
  Setting asked;                             // axis without its arm ("env.X") -> value
  std::vector<const SampleRecord*> samples;  // outcome "ok"
  const nlohmann::json* load = nullptr;      // the worker's answer to `load`, where there is one
};

// (engine, variable) -> the error of the probe product with the variable off.
using OffProbes = std::map<std::pair<std::string, std::string>, double>;
OffProbes off_probes(const RunPlan& plan, const std::vector<WorkerRecord>& workers);

struct Engagement {
  AxisValue value;
  std::size_t samples = 0;  // it was judged over
  // "engaged" (its effect shows), "inert" (it cannot act here, or its value changes nothing; the
  // evidence says why), "not engaged" (it did not act, or the process read another value).
  std::string verdict, evidence;
  std::string means = {};               // "on" or "off", as the process took a variable; or empty
  bool is_default = false;              // the process took the default for an unset variable
  std::vector<AxisValue> same_as = {};  // other values that mean the same to the same engine
  std::string same_because = {};
};

// For each asked axis, as "ARM.AXIS". Axes that every request obeys visibly (prompt, steps, size)
// need no proof and are left out, and so is an arm without samples.
std::map<std::string, Engagement> engagement_of(const ArmEvidence& arm, const OffProbes& probes);

}  // namespace sameseed
