#include "bench/worker/content.h"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "bench/plan/engine_name.h"
#include "bench/worker/worker_command.h"
#include "pipeline/model/lora_choice.h"
#include "pipeline/model/model_files.h"
#include "reports/run/line_types.h"

namespace sameseed {
namespace {

using nlohmann::json;

json program_files(const std::string& engine, DigestCache& digests) {
  json files = json::object();
  for (const std::string& word : worker_command(engine)) {
    std::error_code ignored;
    const std::filesystem::path file = word;
    if (word.find('/') == std::string::npos && !file.has_extension()) continue;  // found by PATH
    if (std::filesystem::is_regular_file(file, ignored))
      files[file.filename().string()] = digests.digest_of(file);
  }
  return files;
}

// The first name under which the two differ; empty where they are equal.
std::string differing(const json& before, const json& now) {
  std::set<std::string> names;
  for (const json* side : {&before, &now})
    for (const auto& [name, digest] : side->items()) names.insert(name);
  for (const std::string& name : names)
    if (before.value(name, json()) != now.value(name, json())) return name;
  return "";
}

// What says where a file lies that is neither of the model's folder nor of the VAE's: two
// environments may have another under the same name.
std::string other_place_of(const std::string& name, const json& load) {
  if (name.starts_with("scheduler/")) return load.value("scheduler", "");
  if (!name.starts_with("lora/")) return "";
  const std::vector<LoraChoice> loras = read_lora_choices(load.value("lora", json()));
  const std::size_t number = std::strtoul(name.c_str() + 5, nullptr, 10);  // "lora/1/NAME"
  return number >= 1 && number <= loras.size() ? loras[number - 1].path : "";
}

}  // namespace

json content_of(const json& environment, const json& answer, DigestCache& digests) {
  const std::string engine = environment.at("engine");
  const json& load = environment.at("load");
  const json answered = answer.value("files", json::object());
  const bool outside = !is_built_in(engine) && !is_folder(engine);
  ModelFiles files;
  if (!answered.empty()) files = files_of_load(load, answered);
  if (outside)  // its libraries may read more configs than ours, and it may not tell of weights
    for (const auto& [name, file] : all_model_files(load))
      if (answered.empty() || name.ends_with(".json") || name.ends_with(".txt"))
        files.emplace(name, file);
  json content = {{"files", json::object()}, {"program", json::object()}};
  for (const auto& [name, file] : files) content["files"][name] = digests.digest_of(file);
  if (outside) content["program"] = program_files(engine, digests);
  return content;
}

std::map<std::string, std::string> model_before_load(const json& load) {
  std::map<std::string, std::string> before;
  for (const auto& [name, file] : all_model_files(load)) before[name] = file_identity(file);
  return before;
}

void refuse_changed_in_load(const json& load, const std::map<std::string, std::string>& before,
                            const json& content) {
  const std::map<std::string, std::string> after = model_before_load(load);
  for (const auto& [name, digest] : content.at("files").items()) {
    const auto was = before.find(name), is = after.find(name);
    if (was == before.end() && is == after.end()) continue;  // outside the model's folder
    if (was == before.end() || is == after.end() || was->second != is->second)
      throw ContentChanged(
          fmt::format("{} of {} was changed while a worker loaded it, and nobody knows what the "
                      "worker read; begin another run",
                      name, load.value("model", "")));
  }
}

void RunContent::admit(const json& environment, const json& content, const std::string& where) {
  const std::string id = environment.at("id");
  const json& load = environment.at("load");
  const std::string model = load.value("model", ""), vae = load.value("vae", "");
  const std::lock_guard lock(mutex_);
  const auto check = [&](const std::string& key, const json& now, const std::string& folder) {
    const auto [known, fresh] = known_.try_emplace(key, now);
    if (fresh) return;
    if (const std::string name = differing(known->second, now); !name.empty())
      throw ContentChanged(fmt::format(
          "{}: {} of {} is not the file that earlier parts of this run were made with; one run is "
          "made of one model and one engine: put it back, or begin another run",
          where, name, name.starts_with("lora/") ? other_place_of(name, load) : folder));
  };
  const json files = content.at("files");
  check(id + " files", files, model);
  check(id + " program", content.at("program"), environment.at("engine").get<std::string>());
  // Both arms read the same files, which may have changed between their loads.
  for (const auto& [name, digest] : files.items())
    check(fmt::format("{}\n{}\n{}\n{}", model, vae, other_place_of(name, load), name),
          json{{name, digest}}, model);
}

void RunContent::admit_record(const json& record, const PlanIndex& index,
                              const std::string& where) {
  if (record.value("type", "") != "worker" || !record.contains("content")) return;
  if (const json* environment = index.find_environment(record.value("environment", "")))
    admit(*environment, record.at("content"), where);
}

void RunContent::admit_records(const std::filesystem::path& run, const PlanIndex& index) {
  for_each_record(run / "records.jsonl",
                  [&](const json& record) { admit_record(record, index, run.string()); });
}

}  // namespace sameseed
