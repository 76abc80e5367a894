// One program at a time works on the folder of a run.
#pragma once

#include <filesystem>

namespace sameseed {

// Keeps RUN/lock locked while it exists; the system unlocks it when the process ends, however
// it ends. Throws UserError that says who holds it, and where something in the folder is a link
// that leads outside.
class RunLock {
 public:
  explicit RunLock(const std::filesystem::path& run);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace sameseed
