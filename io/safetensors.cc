#include "io/safetensors.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/error.h"
#include "io/files.h"
#include "io/input_file.h"
#include "io/json.h"
#include "io/text.h"

namespace sameseed {
namespace {

// The format allows headers of 100 MB. SDXL's largest has 0.2 MB for 1680 tensors; 10 MB cost some
// 200 MB of memory while they are read.
constexpr std::uint64_t kLongestHeader = 10'000'000;
constexpr std::size_t kMostTensors = 50'000;
constexpr std::size_t kMostSides = 16;  // of a shape

constexpr std::array<std::pair<DType, std::pair<std::string_view, std::size_t>>, 10> kTypes = {{
    {DType::kF64, {"F64", 8}},
    {DType::kF32, {"F32", 4}},
    {DType::kF16, {"F16", 2}},
    {DType::kBF16, {"BF16", 2}},
    {DType::kI64, {"I64", 8}},
    {DType::kI32, {"I32", 4}},
    {DType::kI16, {"I16", 2}},
    {DType::kI8, {"I8", 1}},
    {DType::kU8, {"U8", 1}},
    {DType::kBool, {"BOOL", 1}},
}};

TensorView parse_tensor(const nlohmann::json& entry, std::span<const std::byte> data,
                        const std::string& where) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets"))
    throw UserError(where + ": needs dtype, shape and data_offsets");
  TensorView view;
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& known) {
    return entry.at("dtype") == known.second.first;
  });
  if (type == kTypes.end())
    throw UserError(fmt::format("{}: dtype {} is not supported", where, entry.at("dtype").dump()));
  view.dtype = type->first;
  std::uint64_t size = type->second.second;
  if (!entry.at("shape").is_array() || entry.at("shape").size() > kMostSides)
    throw UserError(fmt::format("{}: shape is not a list of at most {} sizes", where, kMostSides));
  for (const nlohmann::json& side : entry.at("shape")) {
    if (!side.is_number_unsigned() || side.get<std::uint64_t>() > (std::uint64_t{1} << 48))
      throw UserError(where + ": shape holds something other than a size");
    if (__builtin_mul_overflow(size, side.get<std::uint64_t>(), &size))
      throw UserError(where + ": shape is larger than any file");
    view.shape.push_back(side.get<std::int64_t>());
  }
  const nlohmann::json& offsets = entry.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    throw UserError(where + ": data_offsets is not a pair of offsets");
  const auto begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
  if (begin > end || end > data.size())
    throw UserError(fmt::format("{}: data_offsets {}..{} lie outside the file's {} bytes of data",
                                where, begin, end, data.size()));
  if (end - begin != size)
    throw UserError(
        fmt::format("{}: {} bytes of data, its shape needs {}", where, end - begin, size));
  view.data = data.subspan(begin, end - begin);
  return view;
}

}  // namespace

std::string_view to_string(DType type) {
  for (const auto& [known, name] : kTypes)
    if (known == type) return name.first;
  return "unknown";
}

std::size_t size_in_bytes(DType type) {
  for (const auto& [known, name] : kTypes)
    if (known == type) return name.second;
  return 0;
}

SafetensorsContents parse_safetensors(std::span<const std::byte> bytes, const std::string& file) {
  if (is_lfs_pointer({reinterpret_cast<const char*>(bytes.data()), bytes.size()}))
    throw UserError(fmt::format("{}: {}", file, kLfsPointer));
  if (bytes.size() < 8)
    throw UserError(file + ": shorter than a safetensors header; is the download complete?");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kLongestHeader)
    throw UserError(
        fmt::format("{}: header of {} bytes: at most {} are read; is this a safetensors file?",
                    file, length, kLongestHeader));
  if (length > bytes.size() - 8)
    throw UserError(fmt::format("{}: header of {} bytes in a file of {}: cut short?", file, length,
                                bytes.size()));
  const nlohmann::json header = parse_json(
      {reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(length)},
      file + ": header", /*deepest=*/4);
  if (!header.is_object()) throw UserError(file + ": header: not a JSON object");
  if (header.size() > kMostTensors)
    throw UserError(fmt::format("{}: header of {} tensors: at most {} are read", file,
                                header.size(), kMostTensors));

  SafetensorsContents contents;
  const std::span<const std::byte> data = bytes.subspan(8 + static_cast<std::size_t>(length));
  std::vector<std::pair<const std::byte*, const std::byte*>> stretches;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) throw UserError(file + ": __metadata__: not an object");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string())
          throw UserError(fmt::format("{}: __metadata__.{}: not a string", file, key));
        contents.metadata[key] = value.get<std::string>();
      }
      continue;
    }
    const TensorView view = parse_tensor(entry, data, fmt::format("{}: tensor {}", file, name));
    if (!view.data.empty())
      stretches.emplace_back(view.data.data(), view.data.data() + view.data.size());
    contents.tensors.emplace(name, view);
  }
  std::sort(stretches.begin(), stretches.end());
  const std::byte* at = data.data();
  for (const auto& [begin, end] : stretches) {
    if (begin != at)
      throw UserError(fmt::format("{}: tensors {} at byte {} of the data", file,
                                  begin < at ? "overlap" : "leave a gap", begin - data.data()));
    at = end;
  }
  if (at != data.data() + data.size())
    throw UserError(
        fmt::format("{}: {} bytes behind the last tensor", file, data.data() + data.size() - at));
  return contents;
}

struct SafetensorsFile::Mapping {
  std::filesystem::path path;
  void* memory = MAP_FAILED;
  std::size_t size = 0;
  SafetensorsContents contents;

  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (memory != MAP_FAILED) ::munmap(memory, size);
  }
};

SafetensorsFile::SafetensorsFile(std::shared_ptr<const Mapping> mapping)
    : mapping_(std::move(mapping)) {}

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  const std::string file = path.string();
  auto mapping = std::make_shared<Mapping>();
  mapping->path = path;
  const InputFile opened(path);
  mapping->size = opened.size();
  if (mapping->size > 0)
    mapping->memory =
        ::mmap(nullptr, mapping->size, PROT_READ, MAP_PRIVATE, opened.descriptor(), 0);
  if (mapping->size > 0 && mapping->memory == MAP_FAILED)
    throw UserError(fmt::format("{}: cannot be mapped: {}", file, std::strerror(errno)));
  mapping->contents =
      parse_safetensors({static_cast<const std::byte*>(mapping->memory), mapping->size}, file);
  return SafetensorsFile(std::move(mapping));
}

const std::filesystem::path& SafetensorsFile::path() const { return mapping_->path; }
const std::map<std::string, TensorView>& SafetensorsFile::tensors() const {
  return mapping_->contents.tensors;
}
const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return mapping_->contents.metadata;
}

std::string safetensors_header(const std::vector<TensorShape>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const TensorShape& tensor : tensors) {
    std::uint64_t end = size_in_bytes(tensor.dtype);
    for (const std::int64_t side : tensor.shape) end *= static_cast<std::uint64_t>(side);
    end += offset;
    header[tensor.name] = {{"dtype", to_string(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text;
}

void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<TensorShape> shapes;
  for (const auto& [name, view] : tensors) shapes.push_back({name, view.dtype, view.shape});
  std::string bytes = safetensors_header(shapes, metadata);
  for (const auto& [name, view] : tensors)
    bytes.append(reinterpret_cast<const char*>(view.data.data()), view.data.size());
  write_file(path, bytes, FlushToDisk::kNo);
}

}  // namespace sameseed
