// What a worker's pictures are made of, by content: the files of its model and of its engine.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/plan/plan_index.h"
#include "bench/worker/digest_cache.h"
#include "io/error.h"

namespace sameseed {

// A file is another one than when the run began.
struct ContentChanged : UserError {
  using UserError::UserError;
};

// {"files": {NAME: digest}, "program": {NAME: digest}} of an environment whose worker has given
// `answer` to `load`. `program` holds the files that the command of an outside engine names.
nlohmann::json content_of(const nlohmann::json& environment, const nlohmann::json& answer,
                          DigestCache& digests);

// What a run was made of so far. Safe to share by threads.
class RunContent {
 public:
  // Takes what a worker of this environment was made of. Throws ContentChanged, which names the
  // file and says `where`, if an earlier one had another or none.
  void admit(const nlohmann::json& environment, const nlohmann::json& content,
             const std::string& where);

  // The same for all workers in RUN/records.jsonl; `index` is of the run's plan.
  void admit_records(const std::filesystem::path& run, const PlanIndex& index);

 private:
  std::mutex mutex_;
  std::map<std::string, nlohmann::json> known_;  // environment, "files" or "program" -> content
};

}  // namespace sameseed
