#include "pipeline/model/weights.h"

#include <ATen/ATen.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "io/error.h"
#include "io/safetensors.h"
#include "pipeline/model/lora_fuse.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/model/weight_files.h"

namespace sameseed {
namespace {

bool is_float(DType type) {
  return type == DType::kF32 || type == DType::kF16 || type == DType::kBF16;
}

at::ScalarType scalar_type(const std::string& name, DType type) {
  if (is_float(type)) return *scalar_type_of(type);
  throw UserError(fmt::format("{}: type {} is not supported; weights are F32, F16 or BF16", name,
                              to_string(type)));
}

// Older VAE checkpoints name their attention otherwise, and store its matrices as 1x1 convolutions
// (huggingface/diffusers:src/diffusers/models/modeling_utils.py, deprecated attention blocks).
std::string current_name(const std::string& name) {
  if (name.find("attentions.") == std::string::npos) return name;
  static const std::pair<const char*, const char*> kRenamed[] = {{".query.", ".to_q."},
                                                                 {".key.", ".to_k."},
                                                                 {".value.", ".to_v."},
                                                                 {".proj_attn.", ".to_out.0."}};
  for (const auto& [old_part, new_part] : kRenamed)
    if (const std::size_t at = name.find(old_part); at != std::string::npos)
      return fmt::format("{}{}{}", name.substr(0, at), new_part,
                         name.substr(at + std::string_view(old_part).size()));
  return name;
}

bool is_attention_matrix(const std::string& name) {
  for (const char* part : {".to_q.weight", ".to_k.weight", ".to_v.weight", ".to_out.0.weight"})
    if (name.ends_with(part)) return true;
  return false;
}

// What follows the last number of a name: the same for tensors that do the same in several blocks.
std::string_view kind_of(std::string_view name) {
  return name.substr(name.find_last_of("0123456789") + 1);
}

bool is_short_vector(const TensorView& view) {
  return view.shape.size() == 1 && view.data.size() <= 64 << 10;
}

// Up to where another may begin: cuBLASLt looks at no more of an address when it chooses by a bias.
std::size_t padded(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

// A sum is one fast pass and finite only where all its terms are; a sum that merely overflows is
// rare enough for the slow way.
bool all_finite(const at::Tensor& values) {
  return std::isfinite(values.sum().item<double>()) || at::isfinite(values).all().item<bool>();
}

}  // namespace

struct Weights::Store {
  std::string folder, left_out;
  at::ScalarType type = at::kFloat;
  at::Device device = at::kCPU;
  std::vector<SafetensorsFile> files;
  std::map<std::string, TensorView> tensors;
  std::set<std::string> stored_types;
  std::map<std::string, std::vector<LoraDelta>> loras;  // by the weight that they change
  mutable std::set<std::string> asked;
  mutable std::vector<std::string> problems;
  mutable std::map<std::string, at::Tensor> sent;  // on the device, as stored, until handed out
  // Sums of tensors on the device, in float32: read by check(), because each reading waits for it.
  mutable std::vector<std::pair<std::string, at::Tensor>> sums;

  void add(SafetensorsFile file) {
    for (const auto& [name, view] : file.tensors()) {
      TensorView current = view;
      const std::string known = current_name(name);
      if (is_attention_matrix(known) && current.shape.size() == 4 && current.shape[2] == 1 &&
          current.shape[3] == 1 && known.find("attentions.") != std::string::npos)
        current.shape.resize(2);
      if (!tensors.emplace(known, current).second)
        throw UserError(
            fmt::format("{}: tensor {} stands in two files", file.path().string(), name));
      stored_types.insert(std::string(to_string(view.dtype)));
    }
    files.push_back(std::move(file));
  }

  // Where it lies in its file; valid as long as `keep` or this store.
  at::Tensor mapped(const std::string& name, std::shared_ptr<Store> keep = nullptr) const {
    const TensorView& view = tensors.at(name);
    // The mapping is read-only and from_blob wants a mutable pointer; nobody writes to weights.
    void* data = const_cast<std::byte*>(view.data.data());
    return at::from_blob(
        data, view.shape, [keep = std::move(keep)](void*) {},
        at::TensorOptions().dtype(scalar_type(name, view.dtype)));
  }

  void note_not_finite(const std::string& name) const {
    if (loras.contains(name) && all_finite(mapped(name))) {
      problems.push_back(fmt::format(
          "  {}: with its LoRA holds values that are not finite in {}; choose a smaller "
          "scale or another precision",
          name, at::toString(type)));
      return;
    }
    problems.push_back(fmt::format(
        "  {}: holds {}", name,
        all_finite(mapped(name))
            ? fmt::format("values that do not fit {}; choose another precision", at::toString(type))
            : "NaN or infinite values; is the download complete?"));
  }

  void read_sums() const {
    if (sums.empty()) return;
    std::vector<at::Tensor> all;
    for (const auto& [name, sum] : sums) all.push_back(sum);
    const at::Tensor finite = at::isfinite(at::stack(all)).cpu();
    for (std::size_t i = 0; i < sums.size(); ++i)
      if (const std::string& name = sums[i].first;
          !finite.const_data_ptr<bool>()[i] &&
          (loras.contains(name) || !all_finite(mapped(name).to(type))))
        note_not_finite(name);
    sums.clear();
  }
};

Weights::Weights(std::shared_ptr<Store> store, std::string place)
    : store_(std::move(store)), place_(std::move(place)) {}

Weights Weights::open(const std::filesystem::path& folder, const std::string& stem,
                      const std::string& variant, at::ScalarType type, at::Device device) {
  auto store = std::make_shared<Store>();
  store->folder = folder.string();
  store->type = type;
  store->device = device;
  const WeightFiles found = require_weight_files(folder, stem, variant);
  store->left_out = found.left_out;
  for (const std::filesystem::path& file : found.files) store->add(SafetensorsFile::open(file));
  return Weights(std::move(store), "");
}

bool Weights::stored(const std::filesystem::path& folder, const std::string& stem,
                     const std::string& variant) {
  return !weight_files(folder, stem, variant).files.empty();
}

std::int64_t Weights::send(const Upload& upload,
                           const std::function<bool(const std::string& name)>& wanted) const {
  // What is queued on the stream may still use blocks that the allocator hands out again.
  if (!store_->device.is_cpu()) {
    const c10::impl::VirtualGuardImpl guard(store_->device.type());
    guard.synchronizeStream(guard.getStream(store_->device));
  }
  std::vector<std::string> names;
  for (const auto& [name, view] : store_->tensors)
    if (wanted(name) && is_float(view.dtype) && !store_->loras.contains(name) &&
        size_in_bytes(view.dtype) <= c10::elementSize(store_->type))
      names.push_back(name);
  // What layers put together in one block after the other is freed side by side then, so that the
  // allocator can join it and use it again. For SDXL, whose queries, keys and values are put
  // together, this is worth 0.6 GB.
  std::ranges::stable_sort(names, {}, kind_of);
  const auto view_of = [&](const std::string& name) -> const TensorView& {
    return store_->tensors.at(name);
  };
  // Norms and biases are many and small, and each copy and each request for memory has its price:
  // they share both.
  const auto shared = std::ranges::stable_partition(
      names, [&](const std::string& name) { return !is_short_vector(view_of(name)); });
  const auto own = std::ranges::subrange(names.begin(), shared.begin());
  std::size_t own_bytes = 0, shared_bytes = 0, padded_bytes = 0;
  for (const std::string& name : own) own_bytes += view_of(name).data.size();
  const auto memory = [&](std::size_t size) {
    return at::empty({static_cast<std::int64_t>(size)},
                     at::TensorOptions().dtype(at::kByte).device(store_->device));
  };
  // Asked for at once and given back, so that the allocator hands out pieces of it: some hundred
  // requests to the driver take as long as a quarter of the copies.
  if (!store_->device.is_cpu()) memory(own_bytes);
  for (const std::string& name : own) {
    const TensorView& view = view_of(name);
    const at::Tensor there =
        at::empty(view.shape,
                  at::TensorOptions().dtype(scalar_type(name, view.dtype)).device(store_->device));
    upload.copy(there.mutable_data_ptr(), view.data);
    store_->sent.emplace(name, there);
  }

  for (const std::string& name : shared) padded_bytes += padded(view_of(name).data.size());
  std::vector<std::byte> side_by_side(padded_bytes);
  const at::Tensor together = memory(padded_bytes);
  std::int64_t begin = 0;
  for (const std::string& name : shared) {
    const TensorView& view = view_of(name);
    const auto size = static_cast<std::int64_t>(view.data.size());
    std::ranges::copy(view.data, side_by_side.begin() + begin);
    store_->sent.emplace(name, together.narrow(0, begin, size).view(scalar_type(name, view.dtype)));
    shared_bytes += view.data.size();
    begin += static_cast<std::int64_t>(padded(view.data.size()));
  }
  if (padded_bytes > 0) upload.copy(together.mutable_data_ptr(), side_by_side);
  upload.finish();
  return static_cast<std::int64_t>(own_bytes + shared_bytes);
}

void Weights::fuse(const std::vector<LoraDelta>& deltas) {
  for (const LoraDelta& delta : deltas) store_->loras[delta.tensor].push_back(delta);
}

Weights Weights::operator/(const std::string& name) const {
  return Weights(store_, place_.empty() ? name : fmt::format("{}.{}", place_, name));
}

Weights Weights::operator/(std::int64_t index) const { return *this / std::to_string(index); }

at::Tensor Weights::tensor(const std::string& name, at::IntArrayRef shape) const {
  const std::string full = (*this / name).place_;
  store_->asked.insert(full);
  const auto found = store_->tensors.find(full);
  if (found == store_->tensors.end()) {
    store_->problems.push_back(fmt::format("  {} [{}]: missing", full, fmt::join(shape, ", ")));
    return at::zeros(shape, at::TensorOptions().dtype(store_->type).device(store_->device));
  }
  const TensorView& view = found->second;
  if (at::IntArrayRef(view.shape) != shape) {
    store_->problems.push_back(fmt::format("  {}: has shape [{}], the network needs [{}]", full,
                                           fmt::join(view.shape, ", "), fmt::join(shape, ", ")));
    return at::zeros(shape, at::TensorOptions().dtype(store_->type).device(store_->device));
  }
  if (const auto sent = store_->sent.extract(full)) {
    const at::Tensor there = sent.mapped().to(store_->type);
    store_->sums.emplace_back(full, at::sum(there, at::kFloat));
    return there;
  }
  // Left where it lies if it has the right type, as diffusers leaves it: a product in float32
  // rounds differently when its operands start at another place of a cache line.
  const at::Tensor mapped = store_->mapped(full, store_);
  const bool misaligned =
      reinterpret_cast<std::uintptr_t>(view.data.data()) % mapped.element_size() != 0;
  const auto loras = store_->loras.find(full);
  const bool fused = loras != store_->loras.end();
  const at::Tensor converted =
      fused ? with_loras(mapped.to(store_->type, /*non_blocking=*/false, /*copy=*/misaligned),
                         loras->second)
                  .to(store_->device)
            : mapped.to(at::TensorOptions().dtype(store_->type).device(store_->device),
                        /*non_blocking=*/false, /*copy=*/misaligned);
  if (!store_->device.is_cpu())
    store_->sums.emplace_back(full, at::sum(converted, at::kFloat));
  else if (!all_finite(converted))
    store_->note_not_finite(full);
  return converted;
}

bool Weights::has(const std::string& name) const {
  return store_->tensors.contains((*this / name).place_);
}

std::vector<std::string> Weights::check() const {
  store_->read_sums();
  if (!store_->problems.empty())
    throw UserError(fmt::format(
        "{}: {} of the tensors that the network needs are not there as it needs them:\n{}",
        store_->folder, store_->problems.size(), fmt::join(store_->problems, "\n")));
  std::vector<std::string> unused;
  for (const auto& [name, view] : store_->tensors)
    if (!store_->asked.contains(name)) unused.push_back(name);
  return unused;
}

bool Weights::has_loras() const { return !store_->loras.empty(); }

std::vector<std::string> Weights::files() const {
  std::vector<std::string> names;
  for (const SafetensorsFile& file : store_->files) names.push_back(file.path().string());
  return names;
}

std::string Weights::left_out() const { return store_->left_out; }

std::string Weights::stored_type() const {
  return fmt::format("{}", fmt::join(store_->stored_types, ", "));
}

}  // namespace sameseed
