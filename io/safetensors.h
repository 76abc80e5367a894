// Safetensors files: read through mmap, written whole. Format: huggingface/safetensors:README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

enum class DType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

std::string_view to_string(DType type);  // "F32", as in the header
std::size_t size_in_bytes(DType type);

// A tensor's place in a mapped file or in memory that somebody else owns; row-major, packed,
// little-endian.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
};

struct SafetensorsContents {
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;
};

// The views point into `bytes`. Throws UserError (file, tensor, what is wrong) for anything that
// the format forbids: lengths that overflow, offsets out of range or overlapping, unknown types,
// sizes that do not match shapes; and for a header over 10 MB or of more than 50,000 tensors.
SafetensorsContents parse_safetensors(std::span<const std::byte> bytes, const std::string& file);

// A mapped file. Views stay valid as long as the object (or a copy of it) lives.
class SafetensorsFile {
 public:
  // Throws UserError where the file cannot be opened, and as parse_safetensors does.
  static SafetensorsFile open(const std::filesystem::path& path);

  const std::filesystem::path& path() const;
  const std::map<std::string, TensorView>& tensors() const;
  const std::map<std::string, std::string>& metadata() const;

 private:
  struct Mapping;
  explicit SafetensorsFile(std::shared_ptr<const Mapping> mapping);
  std::shared_ptr<const Mapping> mapping_;
};

struct TensorShape {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
};

// The beginning of a file, for writers whose tensors do not fit into memory: their data follow,
// packed, in this order. Its length is a multiple of 8.
std::string safetensors_header(const std::vector<TensorShape>& tensors,
                               const std::map<std::string, std::string>& metadata = {});

// Writes under a temporary name and renames. Tensors are stored in the order of the map, metadata
// sorted by key.
void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace sameseed
