#include "reports/record.h"

#include <fstream>

#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;

template <typename Take>
void for_each_line(const std::filesystem::path& path, Take take) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);)
    if (const json record = json::parse(line, nullptr, false);
        record.is_object() && record.contains("type"))
      take(record);
}

}  // namespace

RunFiles read_run(const std::filesystem::path& folder) {
  RunFiles files;
  files.folder = folder.string();
  files.plan = read_json(folder / "plan.json");
  for_each_line(folder / "records.jsonl", [&](const json& record) {
    const std::string type = record.at("type");
    if (type == "run") files.run = record;
    if (type == "worker" && record.contains("environment"))
      files.workers[record.at("environment")] = record;
    if (type == "sample" && record.contains("sample")) files.samples[record.at("sample")] = record;
  });
  for_each_line(folder / "scores.jsonl", [&](const json& record) {
    files.scored = true;
    if (record.at("type") == "scorer") files.metrics = record.at("metrics");
    if (record.at("type") == "pair")
      files.scores[{record.at("candidate_case"), record.at("reference_case")}] = record;
  });
  return files;
}

}  // namespace sameseed
