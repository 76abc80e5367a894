// What each case of a run asked for, and which pictures were asked for alike but for one value.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/run_files.h"

namespace sameseed {

// A picture that differs from another in one value of its request.
struct Counterpart {
  AxisValue value;  // null: the request does not say
  const SampleRecord* picture = nullptr;
};

// Refers to the run's files.
class RequestIndex {
 public:
  RequestIndex() = default;
  explicit RequestIndex(const RunFiles& files);

  // The request of a case; null for one that is not of the run.
  const nlohmann::json* of(const std::string& case_id) const;

  // The picture of a case; null where there is none.
  const SampleRecord* picture(const std::string& case_id) const;

  // The pictures of the same engine, environment and request but for another value of `field`;
  // empty unless an axis request.FIELD is swept.
  std::vector<Counterpart> counterparts(const std::string& case_id, const std::string& field) const;

 private:
  struct Asked {
    const PlannedCase* planned = nullptr;
    const SampleRecord* picture = nullptr;
    std::map<std::string, std::size_t> group = {};  // field -> number in groups_
  };

  std::map<std::string, Asked> cases_;
  std::vector<std::vector<const Asked*>> groups_;
};

}  // namespace sameseed
