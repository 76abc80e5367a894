#include "bench/null_engine.h"

#include <chrono>
#include <cmath>
#include <span>

#include "io/elapsed.h"
#include "io/enhance.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

// A small generator with a fixed definition (Marsaglia 2003, xorshift), so that pictures never
// change.
struct Xorshift {
  std::uint64_t state;
  std::uint64_t operator()() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  }
};

void save(const std::string& path, const char* name, const std::vector<float>& values, int width,
          int height) {
  TensorView view{DType::kF32, {1, 4, height / 8, width / 8}, std::as_bytes(std::span(values))};
  write_safetensors(path, {{name, view}});
}

std::vector<float> values_of(std::uint64_t seed, int width, int height) {
  Xorshift next{seed * 2 + 1};
  std::vector<float> values(static_cast<std::size_t>(4 * (width / 8) * (height / 8)));
  for (float& value : values) value = static_cast<float>(next() >> 40) / 16777216.0f - 0.5f;
  return values;
}

// One step of one block that puts out the latents.
void save_trace(const std::string& path, const std::vector<float>& latents, int width, int height) {
  double sum = 0;
  for (const float value : latents) sum += double{value} * value;
  const double norm = std::sqrt(sum);
  write_safetensors(
      path,
      {{"latents", {DType::kF32, {1, 4, height / 8, width / 8}, std::as_bytes(std::span(latents))}},
       {"block_norms", {DType::kF64, {1, 1}, std::as_bytes(std::span(&norm, 1))}}},
      {{"blocks", "noise"}});
}

class NullEngine final : public Engine {
 public:
  LoadReport load(const LoadOptions&) override {
    LoadReport report;
    report.engine = "null";
    return report;
  }

  Generation generate(const Request& request) override {
    const auto start = std::chrono::steady_clock::now();
    Generation generation;
    const std::string key = sha256(request.prompt + "\n" + std::to_string(request.seed));
    Xorshift next{std::stoull(key.substr(0, 15), nullptr, 16) | 1};
    Image image{request.width, request.height, {}};
    image.rgb.resize(static_cast<std::size_t>(request.width) *
                     static_cast<std::size_t>(request.height) * 3);
    for (std::size_t i = 0; i < image.rgb.size(); ++i) {
      const std::size_t cell = i / 3 / 16;
      if (i % 48 == 0) next();
      image.rgb[i] = static_cast<std::uint8_t>((next.state >> (8 * (i % 3))) + cell);
    }
    if (!request.enhance.empty()) {
      image = enhanced(image, request.enhance);
      generation.effective["enhance"] = request.enhance;
    }
    const auto latents = values_of(request.seed, request.width, request.height);
    if (!request.image.empty()) write_png(request.image, image);
    if (!request.latents.empty())
      save(request.latents, "latents", latents, request.width, request.height);
    if (!request.trace.empty()) save_trace(request.trace, latents, request.width, request.height);
    generation.hashes = {
        {"noise", sha256(SafetensorsFile::open(request.noise).tensors().at("noise").data)},
        {"token_ids", sha256(request.prompt)},
        {"latents", sha256(std::as_bytes(std::span(latents)))},
        {"image", sha256(std::as_bytes(std::span(image.rgb)))}};
    generation.total_ms = ms_since(start);
    return generation;
  }
};

}  // namespace

std::unique_ptr<Engine> make_null_engine() { return std::make_unique<NullEngine>(); }

}  // namespace sameseed
