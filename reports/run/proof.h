// What the proofs of engagement share: verdicts, and reading what workers answered.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/request_index.h"
#include "reports/run/run_files.h"

namespace sameseed {

inline constexpr const char* kEngaged = "engaged";
inline constexpr const char* kInert = "inert";
inline constexpr const char* kNotEngaged = "not engaged";
inline constexpr const char* kNoProof = "no proof";

struct Proof {
  std::string verdict, evidence;
  std::vector<AxisValue> same_as = {};
};

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

// What the whole run says beside one arm's samples.
struct RunEvidence {
  OffProbes probes = {};
  RequestIndex requests = {};
};

// The member of an object; null where it has none, or is none.
inline const nlohmann::json& answered(const nlohmann::json& object, const std::string& name) {
  static const nlohmann::json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

inline std::int64_t counted(const nlohmann::json& counters, const std::string& name) {
  const nlohmann::json& value = answered(counters, name);
  return value.is_number() ? value.get<std::int64_t>() : 0;
}

inline std::string text_or_empty(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : "";
}

// What the worker said when it loaded, in `part` ("effective", "engagement", "files"); null where
// it said nothing.
inline const nlohmann::json& said_at_load(const ArmEvidence& arm, const std::string& part,
                                          const std::string& name) {
  static const nlohmann::json nothing;
  return arm.load ? answered(answered(*arm.load, part), name) : nothing;
}

// What the worker used for a picture: as it said with it, else when it loaded.
inline const nlohmann::json& used_for(const SampleRecord& sample, const ArmEvidence& arm,
                                      const std::string& name) {
  const nlohmann::json& own = answered(*sample.effective, name);
  return own.is_null() ? said_at_load(arm, "effective", name) : own;
}

inline std::string named(const SampleRecord& sample) { return "sample " + sample.sample; }

}  // namespace sameseed
