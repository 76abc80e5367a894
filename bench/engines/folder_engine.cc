#include "bench/engines/folder_engine.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "bench/plan/engine_name.h"
#include "bench/schema/pictures.schema.h"
#include "io/elapsed.h"
#include "io/enhance.h"
#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "io/json_schema.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"
#include "pipeline/token_ids.h"

namespace sameseed {
namespace {

using nlohmann::json;

class FolderEngine final : public Engine {
 public:
  explicit FolderEngine(std::filesystem::path folder) : folder_(std::move(folder)) {}

  LoadReport load(const LoadOptions& options) override {
    const auto start = std::chrono::steady_clock::now();
    const std::string text = read_file(index());
    const json read = parse_json(text, index().string());
    check_json(read, kPicturesSchema, index().string());
    pictures_ = read.at("pictures");
    for (const json& picture : pictures_)
      if (const auto file = file_of(picture); !std::filesystem::exists(file))
        throw UserError(fmt::format("{}: is named in {} and not there", file.string(),
                                    index().filename().string()));
    tokens_.emplace(options.model);
    LoadReport report;
    report.engine = kFolderEngine;
    report.versions = {{"pictures.json", sha256(text)}};
    report.warnings = {fmt::format(
        "{}: that these pictures began with the same noise and tokens is taken on trust",
        folder_.string())};
    report.load_ms = ms_since(start);
    return report;
  }

  Generation generate(const Request& request) override {
    if (!tokens_) throw UserError("no folder is loaded: send `load` first");
    if (!request.trace.empty() || !request.tensors.empty())
      throw Unsupported("a folder of pictures has no tensors and no trace of its steps");
    const auto start = std::chrono::steady_clock::now();
    const std::filesystem::path file = picture_for(request);
    Image image = read_png(file);
    if (image.width != request.width || image.height != request.height)
      throw UserError(fmt::format("{}: is {}x{} pixels, the request asks for {}x{}", file.string(),
                                  image.width, image.height, request.width, request.height));
    Generation generation;
    if (!request.enhance.empty()) {
      image = enhanced(image, request.enhance, request.batch);
      generation.effective["enhance"] = request.enhance;
    }
    const SafetensorsFile noise = SafetensorsFile::open(request.noise);
    generation.hashes = {{"noise", sha256(noise.tensors().at("noise").data)},
                         {"token_ids", tokens_->hash_of(request)},
                         {"image", sha256(std::as_bytes(std::span(image.rgb)))}};
    if (!request.image.empty()) write_png(request.image, image);
    generation.total_ms = ms_since(start);
    return generation;
  }

 private:
  std::filesystem::path index() const { return folder_ / "pictures.json"; }
  std::filesystem::path file_of(const json& picture) const {
    return folder_ / picture.at("file").get<std::string>();
  }

  std::filesystem::path picture_for(const Request& request) const {
    const json wanted = to_json(request);
    const json* match = nullptr;
    for (const json& picture : pictures_) {
      bool fits = true;
      for (const auto& [name, value] : picture.items())
        fits = fits && (name == "file" || wanted.at(name) == value);
      if (fits && match)
        throw UserError(
            fmt::format("{}: both {} and {} fit the prompt {} and seed {}; name what "
                        "else tells them apart, such as steps",
                        index().string(), match->at("file").dump(), picture.at("file").dump(),
                        json(request.prompt).dump(), request.seed));
      if (fits) match = &picture;
    }
    if (!match)
      throw UserError(fmt::format(
          "{}: names no picture for the prompt {} and seed {} ({} steps, guidance {}, {}, "
          "deepcache {}); add {{\"file\": \"NAME.png\", \"prompt\": {}, \"seed\": {}}}",
          index().string(), json(request.prompt).dump(), request.seed, request.steps,
          request.guidance, wanted.at("size").get<std::string>(), wanted.at("deepcache").dump(),
          json(request.prompt).dump(), request.seed));
    return file_of(*match);
  }

  const std::filesystem::path folder_;
  json pictures_;
  std::optional<TokenIdHasher> tokens_;
};

}  // namespace

std::unique_ptr<Engine> make_folder_engine(const std::filesystem::path& folder) {
  return std::make_unique<FolderEngine>(folder);
}

}  // namespace sameseed
