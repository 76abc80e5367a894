#include "reports/run/run_files.h"

#include <algorithm>
#include <initializer_list>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"

namespace sameseed {
namespace {

using nlohmann::json;

bool has_texts(const json& record, std::initializer_list<const char*> names) {
  return std::all_of(names.begin(), names.end(), [&](const char* name) {
    const auto found = record.find(name);
    return found != record.end() && found->is_string();
  });
}

template <typename Take>
void for_each_record(const std::filesystem::path& path, Take take) {
  for_each_json_line(path, [&](json record) {
    if (!has_texts(record, {"type"})) return;
    const std::string type = record.at("type");
    take(type, std::move(record));
  });
}

}  // namespace

RunFiles read_run(const std::filesystem::path& folder) {
  RunFiles files;
  files.folder = folder.string();
  files.plan = read_json(folder / "plan.json");
  if (!files.plan.is_object() || files.plan.value("schema", json()) != "sameseed/plan/1")
    throw UserError((folder / "plan.json").string() +
                    ": field `schema` must be \"sameseed/plan/1\"; make the plan anew with "
                    "`sameseed plan`");
  for_each_record(folder / "records.jsonl", [&](const std::string& type, json record) {
    if (type == "run")
      files.starts.push_back(std::move(record));
    else if (type == "worker" && has_texts(record, {"environment"}))
      files.workers.push_back(std::move(record));
    else if (type == "sample" && has_texts(record, {"sample", "case", "kind", "outcome"}))
      files.samples.insert_or_assign(record.at("sample").get<std::string>(), std::move(record));
  });
  for_each_record(folder / "scores.jsonl", [&](const std::string& type, json record) {
    if (type == "scorer" && record.value("metrics", json()).is_array())
      files.scorer = std::move(record);
    else if (type == "pair" && has_texts(record, {"candidate_case", "reference_case"}))
      files.scores.insert_or_assign({record.at("candidate_case").get<std::string>(),
                                     record.at("reference_case").get<std::string>()},
                                    std::move(record));
  });
  return files;
}

}  // namespace sameseed
