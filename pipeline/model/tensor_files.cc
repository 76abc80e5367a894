#include "pipeline/model/tensor_files.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "io/error.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

constexpr std::pair<const char*, at::ScalarType> kPrecisions[] = {
    {"fp64", at::kDouble}, {"fp32", at::kFloat}, {"fp16", at::kHalf}, {"bf16", at::kBFloat16}};

DType dtype_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return DType::kF32;
    case at::kHalf:
      return DType::kF16;
    case at::kBFloat16:
      return DType::kBF16;
    case at::kLong:
      return DType::kI64;
    case at::kDouble:
      return DType::kF64;
    default:
      throw std::logic_error("a tensor of this type is never stored");
  }
}

at::ScalarType type_of(DType type, const std::string& where) {
  if (const auto known = scalar_type_of(type)) return *known;
  throw UserError(where + ": a tensor of type " + std::string(to_string(type)) +
                  " is not expected here");
}

std::span<const std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}

}  // namespace

std::optional<at::ScalarType> scalar_type_of(DType type) {
  for (const at::ScalarType candidate :
       {at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kDouble})
    if (dtype_of(candidate) == type) return candidate;
  return std::nullopt;
}

void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata) {
  NamedTensors packed;  // keeps contiguous copies alive while they are written
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor& data = packed[name] = tensor.cpu().contiguous();
    views[name] = {dtype_of(data.scalar_type()), data.sizes().vec(), bytes_of(data)};
  }
  write_safetensors(path, views, metadata);
}

at::Tensor load_tensor(const std::filesystem::path& path, const std::string& name) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end())
    throw UserError(fmt::format("{}: holds no tensor `{}`", path.string(), name));
  const TensorView& view = found->second;
  void* data = const_cast<std::byte*>(view.data.data());  // only read, and copied at once
  return at::from_blob(data, view.shape,
                       at::TensorOptions().dtype(type_of(view.dtype, path.string())))
      .clone();
}

std::string sha256_of(const at::Tensor& tensor) {
  const at::Tensor packed = tensor.cpu().contiguous();
  return sha256(bytes_of(packed));
}

at::ScalarType scalar_type_of(const std::string& precision, const std::string& field) {
  for (const auto& [name, type] : kPrecisions)
    if (precision == name) return type;
  throw UserError(fmt::format("{} = \"{}\": must be fp64, fp32, fp16 or bf16", field, precision));
}

std::string precision_of(at::ScalarType type) {
  for (const auto& [name, known] : kPrecisions)
    if (type == known) return name;
  throw std::logic_error(fmt::format("no precision is called {}", at::toString(type)));
}

}  // namespace sameseed
