#include "bench/seeded_model/seeded_model.h"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "bench/seeded_model/model_layout.h"
#include "bench/seeded_model/output.h"
#include "bench/seeded_model/seeded_values.h"
#include "io/error.h"
#include "io/files.h"
#include "io/safetensors.h"

namespace sameseed {
namespace {

namespace fs = std::filesystem;

// A branch adds about a tenth of its input's variance, so that depth does not make streams grow.
constexpr double kResidualGain = 0.3;
constexpr std::uint64_t kChunk = 1 << 19;  // values, 1 MB: what is written stays in the cache
constexpr const char* kComponents[] = {"unet", "vae", "text_encoder", "text_encoder_2"};

std::pair<double, double> mean_and_deviation(const TensorLayout& tensor) {
  double fan_in = 1;
  for (std::size_t i = 1; i < tensor.shape.size(); ++i)
    fan_in *= static_cast<double>(tensor.shape[i]);
  switch (tensor.role) {
    case TensorRole::kMatrix:
      return {0, 1 / std::sqrt(fan_in)};
    case TensorRole::kResidualMatrix:
      return {0, kResidualGain / std::sqrt(fan_in)};
    case TensorRole::kEmbedding:
      return {0, 0.7};
    case TensorRole::kNormWeight:
      return {1, 0.05};
    case TensorRole::kBias:
      return {0, 0.02};
  }
  return {0, 0};
}

std::uint64_t count_of(const TensorLayout& tensor) {
  std::uint64_t count = 1;
  for (const std::int64_t side : tensor.shape) count *= static_cast<std::uint64_t>(side);
  return count;
}

// A run of values of one tensor.
struct Chunk {
  std::shared_ptr<const OutputFile> file;
  std::uint64_t at;  // in the file
  std::uint64_t key, first, count;
  const HalfQuantiles* quantiles;
};

struct Component {
  std::string name;
  std::vector<TensorLayout> tensors;
  std::string header;
};

std::vector<Component> components_of(const fs::path& description) {
  std::vector<Component> all;
  for (const char* name : kComponents) {
    Component component{name, layout_of(name, read_json(description / name / "config.json")), {}};
    std::vector<TensorShape> shapes;
    for (const TensorLayout& tensor : component.tensors)
      shapes.push_back({tensor.name, DType::kF16, tensor.shape});
    component.header = safetensors_header(shapes, {{"format", "pt"}});
    all.push_back(std::move(component));
  }
  return all;
}

void copy_small_file(const fs::path& from, const fs::path& to) {
  write_file(to, read_file(from), FlushToDisk::kNo);
}

void copy_small_files(const SeededModel& model, const fs::path& out) {
  copy_small_file(model.description / "model_index.json", out / "model_index.json");
  copy_small_file(model.description / "scheduler/scheduler_config.json",
                  out / "scheduler/scheduler_config.json");
  for (const char* name : kComponents)
    copy_small_file(model.description / name / "config.json", out / name / "config.json");
  for (const char* name : {"tokenizer", "tokenizer_2"})
    for (const auto& entry : fs::directory_iterator(model.tokenizers / name))
      copy_small_file(entry.path(), out / name / entry.path().filename());
}

fs::path weights_file(const std::string& component, const std::string& variant) {
  const char* stem = component.starts_with("text_encoder") ? "model" : "diffusion_pytorch_model";
  return fs::path(component) /
         fmt::format("{}{}.safetensors", stem, variant.empty() ? "" : "." + variant);
}

// All chunks, on this many threads of which the caller is one.
void write_chunks(const std::vector<Chunk>& chunks, unsigned threads, const WrittenBytes& written) {
  std::uint64_t all = 0;
  for (const Chunk& chunk : chunks) all += 2 * chunk.count;
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> done{0};
  std::mutex mutex;
  std::exception_ptr problem;
  const auto work = [&](bool tells) {
    try {
      std::vector<std::uint16_t> values(kChunk);
      for (std::size_t i = next++; i < chunks.size(); i = next++) {
        const Chunk& chunk = chunks[i];
        const std::span<std::uint16_t> out = std::span(values).first(chunk.count);
        fill(*chunk.quantiles, chunk.key, chunk.first, out);
        chunk.file->write(std::as_bytes(out), chunk.at);
        const std::uint64_t now = done += 2 * chunk.count;
        if (tells) written(now, all);
      }
    } catch (...) {
      next = chunks.size();
      const std::lock_guard lock(mutex);
      if (!problem) problem = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back(work, false);
    work(true);
  }
  if (problem) std::rethrow_exception(problem);
  written(all, all);
}

// `out`, which does not exist yet, in a folder that does. Throws UserError otherwise.
fs::path checked_target(const fs::path& out) {
  const fs::path target = fs::absolute(out).lexically_normal();
  if (fs::exists(fs::symlink_status(target)))
    throw UserError(out.string() + ": exists already; name a folder that does not");
  const fs::path folder = target.has_filename() ? target : target.parent_path();
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (error)
    throw UserError(fmt::format("{}: folder cannot be made: {}", folder.parent_path().string(),
                                error.message()));
  return folder;
}

void check_space(const std::vector<Component>& components, const fs::path& target,
                 const fs::path& out) {
  constexpr std::uint64_t kSmallFiles = 8 << 20;  // tokenizers and configs, generously
  std::uint64_t needed = kSmallFiles;
  for (const Component& component : components)
    for (const TensorLayout& tensor : component.tensors) needed += 2 * count_of(tensor);
  if (const std::uint64_t free = fs::space(target.parent_path()).available; free < needed)
    throw UserError(fmt::format("{}: {:.1f} GB are needed and {:.1f} GB free; name another disk",
                                out.string(), 1e-9 * static_cast<double>(needed),
                                1e-9 * static_cast<double>(free)));
}

using Quantiles = std::map<std::pair<double, double>, HalfQuantiles>;  // by mean and deviation

// Opens the component's file, writes its header, and adds the chunks of its tensors.
void add_chunks(const SeededModel& model, const Component& component, const fs::path& folder,
                Quantiles& quantiles, std::vector<Chunk>& chunks) {
  const auto file =
      std::make_shared<const OutputFile>(folder / weights_file(component.name, model.variant));
  file->write(std::as_bytes(std::span(component.header)), 0);
  std::uint64_t at = component.header.size();
  for (const TensorLayout& tensor : component.tensors) {
    const auto [mean, deviation] = mean_and_deviation(tensor);
    HalfQuantiles& values = quantiles[{mean, deviation}];
    if (values.empty()) values = normal_quantiles(mean, deviation);
    const std::uint64_t key = stream_key(model.seed, component.name + "/" + tensor.name);
    const std::uint64_t count = count_of(tensor);
    for (std::uint64_t first = 0; first < count; first += kChunk)
      chunks.push_back(
          {file, at + 2 * first, key, first, std::min(kChunk, count - first), &values});
    at += 2 * count;
  }
}

}  // namespace

void write_seeded_model(const SeededModel& model, const fs::path& out, unsigned threads,
                        const WrittenBytes& written) {
  const fs::path target = checked_target(out);
  const std::vector<Component> components = components_of(model.description);
  check_space(components, target, out);
  UnfinishedFolder folder(target);
  copy_small_files(model, folder.path());
  Quantiles quantiles;
  std::vector<Chunk> chunks;
  for (const Component& component : components)
    add_chunks(model, component, folder.path(), quantiles, chunks);
  // Not flushed to disk: after a power loss the same command makes the same model.
  write_chunks(chunks, threads, written);
  chunks.clear();
  folder.put_in_place();
}

}  // namespace sameseed
