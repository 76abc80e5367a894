// The cases of a plan: what each arm of a setting makes, and the list that knows equal ones.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "bench/plan/matrix.h"

namespace sameseed {

// The first 16 hex digits of the SHA-256 of a value's canonical JSON.
std::string id_of(const nlohmann::json& value);

// One picture to make, as yet without an id.
struct Case {
  nlohmann::json environment, request;
  std::string noise_precision;
};

// What every case of a sweep begins with: the matrix, and what the command line fixes for both arms
// (model, and vae and variant where given).
struct CaseSource {
  const Matrix& matrix;
  const nlohmann::json& load;

  // The arm's side of a setting.
  Case arm(const Point& setting, const std::string& arm, const std::string& prompt,
           std::uint64_t seed) const;
  // The same network in the highest precision at hand, with every switch as it is by default.
  Case oracle(const Point& setting, const std::string& prompt, std::uint64_t seed) const;
};

// The same setting with the candidate's half accumulation, FP8, DeepCache and post-processing off.
Point switches_off(Point setting);

// Environments and cases in the order in which they were added.
class CaseList {
 public:
  // The id of the case, which is new or was there before.
  std::string add(const Case& made);

  const nlohmann::json& environments() const { return environments_; }
  const nlohmann::json& cases() const { return cases_; }

 private:
  std::set<std::string> known_;
  nlohmann::json environments_ = nlohmann::json::array(), cases_ = nlohmann::json::array();
};

}  // namespace sameseed
