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

// What a load may read, as it stands before: name -> file_identity().
std::map<std::string, std::string> model_before_load(const nlohmann::json& load);

// Throws ContentChanged, which names the file, where one of `content`'s model files is no longer
// the one that stood there before the load: what the worker read may be neither.
void refuse_changed_in_load(const nlohmann::json& load,
                            const std::map<std::string, std::string>& before,
                            const nlohmann::json& content);

// What a run was made of so far. Safe to share by threads.
class RunContent {
 public:
  // Takes what a worker of this environment was made of. Throws ContentChanged, which names the
  // file and says `where`, if an earlier one had another or none.
  void admit(const nlohmann::json& environment, const nlohmann::json& content,
             const std::string& where);

  // The same of a record, where it is a worker's; others are passed over.
  void admit_record(const nlohmann::json& record, const PlanIndex& index, const std::string& where);
  // The same for all workers in RUN/records.jsonl; `index` is of the run's plan.
  void admit_records(const std::filesystem::path& run, const PlanIndex& index);

 private:
  std::mutex mutex_;
  std::map<std::string, nlohmann::json> known_;  // environment, "files" or "program" -> content
};

}  // namespace sameseed
