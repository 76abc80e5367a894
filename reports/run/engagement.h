// The proof that a switch acted, from what the workers read, counted and probed.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "reports/run/proof.h"

namespace sameseed {

struct Engagement {
  AxisValue value;
  std::size_t samples = 0;  // it was judged over
  // "engaged" (its effect shows), "inert" (it cannot act here, or its value changes nothing; the
  // evidence says why), "not engaged" (it did not act, or the process read another value), "no
  // proof" (the records do not tell; the evidence says why).
  std::string verdict, evidence;
  std::string means = {};  // "on" or "off", as the process took a variable; or empty
  std::vector<std::string> networks = {};  // on which a variable acts, where the worker says so
  bool is_default = false;                 // the process took the default for an unset variable
  std::vector<AxisValue> same_as = {};     // other values that mean the same to the same engine
  std::string same_because = {};

  // Whether it counts as acting: nothing says that it does not.
  bool acted() const { return verdict == kEngaged || verdict == kNoProof; }
};

// For each asked axis, as "ARM.AXIS". Load options that no worker names in use (the model, say) are
// left out, and so is an arm without samples.
std::map<std::string, Engagement> engagement_of(const ArmEvidence& arm, const RunEvidence& run);

}  // namespace sameseed
