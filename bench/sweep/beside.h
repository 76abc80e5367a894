// What works beside a sweep, on cores that it leaves idle.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

namespace sameseed {

// Called by the threads of all slots.
class Beside {
 public:
  virtual ~Beside() = default;

  // Before the first sample: `finished` need no making, and their files have just been checked.
  // `cores` are idle while pictures are made that are not timed; 0: none is. Returns why nothing
  // should be made, or empty.
  virtual std::string begins(const std::set<std::string>& finished, int cores) = 0;

  // A sample's record, when it is in the log.
  virtual void made(const nlohmann::json& record) = 0;

  // Before each timed sample: returns once nothing works here.
  virtual void rest() = 0;

  // Before each sample that is not timed, where none is timed elsewhere.
  virtual void go_on() = 0;
};

}  // namespace sameseed
