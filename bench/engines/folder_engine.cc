#include "bench/engines/folder_engine.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <span>

#include "bench/engines/picture_index.h"
#include "bench/plan/engine_name.h"
#include "io/elapsed.h"
#include "io/enhance.h"
#include "io/error.h"
#include "io/files.h"
#include "io/picture.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"
#include "pipeline/token_ids.h"

namespace sameseed {
namespace {

class FolderEngine final : public Engine {
 public:
  explicit FolderEngine(std::filesystem::path folder) : folder_(std::move(folder)) {}

  LoadReport load(const LoadOptions& options) override {
    const auto start = std::chrono::steady_clock::now();
    const std::string text = read_file(index());
    pictures_.emplace(text, index().string());
    for (const std::string& name : pictures_->files())
      if (!std::filesystem::exists(folder_ / name))
        throw UserError(fmt::format("{}: is named in {} and not there", (folder_ / name).string(),
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
    const std::filesystem::path file = folder_ / pictures_->file_for(request);
    Picture picture = read_picture(file);
    Image& image = picture.image;
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
    if (picture.jpeg_quality > 0)
      generation.warnings.push_back(
          fmt::format("{}: is {}: a part of what differs is its compression",
                      file.filename().string(), kind_of(picture)));
    generation.total_ms = ms_since(start);
    return generation;
  }

 private:
  std::filesystem::path index() const { return folder_ / "pictures.json"; }

  const std::filesystem::path folder_;
  std::optional<PictureIndex> pictures_;
  std::optional<TokenIdHasher> tokens_;
};

}  // namespace

std::unique_ptr<Engine> make_folder_engine(const std::filesystem::path& folder) {
  return std::make_unique<FolderEngine>(folder);
}

}  // namespace sameseed
