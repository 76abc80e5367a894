#include "bench/sweep/sample_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/worker/worker.h"
#include "io/error.h"
#include "io/png_check.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

struct FileKind {
  std::string kind, folder, ending;
};
const FileKind kKinds[] = {{"image", "images", ".png"},
                           {"latents", "latents", ".safetensors"},
                           {"trace", "traces", ".safetensors"}};

}  // namespace

std::filesystem::path sample_file(const std::filesystem::path& run, const std::string& kind,
                                  const std::string& sample) {
  for (const FileKind& known : kKinds)
    if (known.kind == kind) return run / known.folder / (sample + known.ending);
  throw std::logic_error("samples have no file of the kind " + kind);
}

bool is_sample_file(const std::string& kind) {
  return std::ranges::any_of(kKinds, [&](const FileKind& known) { return known.kind == kind; });
}

void prepare_sample_folders(const std::filesystem::path& run) {
  for (const FileKind& known : kKinds) {
    const std::filesystem::path folder = run / known.folder;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
      throw UserError(fmt::format("{}: folder cannot be made: {}; remove what stands there",
                                  folder.string(), error.message()));
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const auto ending = entry.path().extension();
      if (ending == ".png" || ending == ".safetensors") continue;
      if (entry.symlink_status().type() == std::filesystem::file_type::directory)
        throw UserError(fmt::format("{}: is a folder, and only pictures belong here; remove it",
                                    entry.path().string()));
      std::filesystem::remove(entry.path());
    }
  }
}

bool files_are_there(const std::filesystem::path& run, const json& record) {
  const json hashes = record.value("files", json::object());
  for (const FileKind& known : kKinds) {
    const json expected = hashes.value(known.kind, json());
    if (!expected.is_string()) continue;
    const auto file = sample_file(run, known.kind, record.at("sample"));
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error) || sha256_of_file(file) != expected)
      return false;
  }
  return true;
}

json check_files(const json& request, bool has_latents) {
  json hashes = json::object();
  for (const auto& [kind, folder, ending] : kKinds) {
    const std::string file = request.value(kind, "");
    if (file.empty() || (kind == "latents" && !has_latents && !std::filesystem::exists(file)))
      continue;
    try {
      if (kind == "image") {
        const auto [width, height] = parse_size(request.at("size"));
        check_png(file, width, request.value("batch", 1) * height);
      } else {
        const auto written = SafetensorsFile::open(file);
        if (!written.tensors().contains("latents"))
          throw UserError(file + ": holds no tensor `latents`");
        if (kind == "trace" && !written.tensors().contains("block_norms"))
          throw UserError(file + ": holds no tensor `block_norms`");
      }
      hashes[kind] = sha256_of_file(file);
    } catch (const UserError& problem) {
      throw WorkerFailure("incomplete", fmt::format("the worker said ok, but {}", problem.what()));
    }
  }
  return hashes;
}

}  // namespace sameseed
