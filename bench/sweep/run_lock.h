// One program at a time works on the folder of a run.
#pragma once

#include <filesystem>
#include <optional>

#include "io/input_file.h"

namespace sameseed {

// Keeps RUN/lock locked while it exists; the system unlocks it when the process ends, however
// it ends. Removes what killed commands left half written. Throws UserError that says who holds it,
// and where something in the folder is a link that leads outside.
class RunLock {
 public:
  explicit RunLock(const std::filesystem::path& run);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int descriptor_ = -1;
};

// Keeps RUN/lock from being taken while the run is only read; other readers may. Writes nothing.
class ReadLock {
 public:
  explicit ReadLock(const std::filesystem::path& run);

 private:
  std::optional<InputFile> file_;  // nothing: the run has no such file
};

}  // namespace sameseed
