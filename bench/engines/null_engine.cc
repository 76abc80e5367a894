#include "bench/engines/null_engine.h"

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

std::vector<std::int64_t> shape_of(const Request& request) {
  return {request.batch, 4, request.height / 8, request.width / 8};
}

std::vector<float> values_of(const Request& request) {
  Xorshift next{request.seed * 2 + 1};
  std::size_t count = 1;
  for (const std::int64_t side : shape_of(request)) count *= static_cast<std::size_t>(side);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(next() >> 40) / 16777216.0f - 0.5f;
  return values;
}

// One step of one block that puts out the latents.
void save_trace(const Request& request, const std::vector<float>& latents) {
  double sum = 0;
  for (const float value : latents) sum += double{value} * value;
  const double norm = std::sqrt(sum);
  const std::vector<std::int64_t> shape = shape_of(request);
  write_safetensors(request.trace,
                    {{"latents",
                      {DType::kF32,
                       {1, shape[0] * shape[1], shape[2], shape[3]},
                       std::as_bytes(std::span(latents))}},
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
    Image image{request.width, request.batch * request.height, {}};
    image.rgb.resize(static_cast<std::size_t>(image.width) *
                     static_cast<std::size_t>(image.height) * 3);
    for (std::size_t i = 0; i < image.rgb.size(); ++i) {
      const std::size_t cell = i / 3 / 16;
      if (i % 48 == 0) next();
      image.rgb[i] = static_cast<std::uint8_t>((next.state >> (8 * (i % 3))) + cell);
    }
    if (!request.enhance.empty()) {
      image = enhanced(image, request.enhance, request.batch);
      generation.effective["enhance"] = request.enhance;
    }
    const auto latents = values_of(request);
    if (!request.image.empty()) write_png(request.image, image);
    if (!request.latents.empty())
      write_safetensors(
          request.latents,
          {{"latents", {DType::kF32, shape_of(request), std::as_bytes(std::span(latents))}}});
    if (!request.trace.empty()) save_trace(request, latents);
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
