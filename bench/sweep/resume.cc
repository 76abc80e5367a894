#include "bench/sweep/resume.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "bench/worker/worker.h"
#include "io/error.h"
#include "io/json.h"
#include "io/png_check.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::pair<const char*, const char*> kFolders[] = {
    {"image", "images"}, {"latents", "latents"}, {"trace", "traces"}};

bool files_are_there(const std::filesystem::path& run, const json& record) {
  const std::string sample = record.at("sample");
  for (const auto& [name, folder] : kFolders) {
    const json wanted = record.value("files", json::object()).value(name, json());
    if (!wanted.is_string()) continue;
    const auto file =
        run / folder / (sample + (std::string_view(name) == "image" ? ".png" : ".safetensors"));
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error) || sha256_of_file(file) != wanted)
      return false;
  }
  return true;
}

// Its times are worth nothing, and times are all it was made for.
bool is_timing_in_vain(const json& record) {
  return record.value("kind", "") == "timing" && !record.value("invalid", json::array()).empty();
}

}  // namespace

History read_history(const std::filesystem::path& run, const json& plan) {
  struct Newest {
    std::string outcome, start;
    double wall_ms = 0;
  };
  History history;
  std::map<std::string, Newest> newest;
  for_each_json_line(run / "records.jsonl", [&](const json& record) {
    if (record.value("type", "") != "sample" || !record.contains("sample") ||
        !record.contains("outcome"))
      return;
    Newest& one = newest[record.at("sample")];
    one = {record.at("outcome"), record.value("start", "?"), record.value("wall_ms", 0.0)};
    if (one.outcome == "ok" && !files_are_there(run, record)) one.outcome = "files are gone";
    if (one.outcome == "ok" && is_timing_in_vain(record)) one.outcome = "invalid";
  });

  std::map<std::string, std::string> environment_of;
  for (const json& one : plan.at("cases")) environment_of[one.at("id")] = one.at("environment");
  const auto is_well = [&](const json& sample) {
    const auto found = newest.find(sample.at("id"));
    return found != newest.end() &&
           (found->second.outcome == "ok" || found->second.outcome == "unsupported");
  };
  using Block = std::pair<std::string, int>;
  const auto block_of = [](const json& sample) {
    return Block(sample.at("comparison"), sample.at("block"));
  };
  std::map<Block, std::set<std::string>> starts_of;  // "" where a sample is missing
  for (const json& sample : plan.at("samples"))
    if (sample.at("kind") == "timing")
      starts_of[block_of(sample)].insert(is_well(sample) ? newest.at(sample.at("id")).start : "");
  for (const json& sample : plan.at("samples")) {
    if (!is_well(sample)) continue;
    if (sample.at("kind") == "timing") {
      const std::set<std::string>& starts = starts_of.at(block_of(sample));
      if (starts.size() > 1 || starts.contains("")) continue;
    }
    history.finished.insert(sample.at("id"));
    const Newest& one = newest.at(sample.at("id"));
    if (one.outcome == "ok")
      history.times.push_back({environment_of.at(sample.at("case")),
                               std::chrono::milliseconds(static_cast<std::int64_t>(one.wall_ms))});
  }
  return history;
}

json check_files(const json& request, bool has_latents) {
  json hashes = json::object();
  for (const auto& [name, folder] : kFolders) {
    const std::string file = request.value(name, "");
    if (file.empty() ||
        (std::string_view(name) == "latents" && !has_latents && !std::filesystem::exists(file)))
      continue;
    try {
      if (std::string_view(name) == "image") {
        const auto [width, height] = parse_size(request.at("size"));
        check_png(file, width, request.value("batch", 1) * height);
      } else {
        const auto written = SafetensorsFile::open(file);
        if (!written.tensors().contains("latents"))
          throw UserError(file + ": holds no tensor `latents`");
        if (std::string_view(name) == "trace" && !written.tensors().contains("block_norms"))
          throw UserError(file + ": holds no tensor `block_norms`");
      }
      hashes[name] = sha256_of_file(file);
    } catch (const UserError& problem) {
      throw WorkerFailure("incomplete", fmt::format("the worker said ok, but {}", problem.what()));
    }
  }
  return hashes;
}

}  // namespace sameseed
