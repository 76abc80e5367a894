#include "tests/simulation/pictures.h"

#include <zlib.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

namespace sameseed::simulation {
namespace {

constexpr std::size_t kColours = 16;

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string typed = type + data;
  const auto sum =
      ::crc32(0, reinterpret_cast<const Bytef*>(typed.data()), static_cast<uInt>(typed.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + typed +
         big_endian(static_cast<std::uint32_t>(sum));
}

}  // namespace

std::string png(int width, int height, std::size_t number) {
  static std::map<std::tuple<int, int, std::size_t>, std::string> made;
  std::string& file = made[{width, height, number % kColours}];
  if (!file.empty()) return file;
  const std::string row = std::string(1, '\0') + std::string(static_cast<std::size_t>(3 * width),
                                                             static_cast<char>(number % kColours));
  std::string pixels;
  for (int y = 0; y < height; ++y) pixels += row;
  uLongf size = ::compressBound(pixels.size());
  std::string packed(size, '\0');
  ::compress(reinterpret_cast<Bytef*>(packed.data()), &size,
             reinterpret_cast<const Bytef*>(pixels.data()), pixels.size());
  packed.resize(size);
  const std::string header = big_endian(static_cast<std::uint32_t>(width)) +
                             big_endian(static_cast<std::uint32_t>(height)) +
                             std::string("\x08\x02\x00\x00\x00", 5);
  return file = "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", packed) +
                chunk("IEND", "");
}

std::string tensors(const std::string& first, const std::string& second) {
  nlohmann::json header;
  std::string data;
  for (const std::string& name : {first, second}) {
    if (name.empty()) continue;
    header[name] = {
        {"dtype", "F32"}, {"shape", {1}}, {"data_offsets", {data.size(), data.size() + 4}}};
    data += std::string(4, '\0');
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string size(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) size[i] = static_cast<char>(text.size() >> 8 * i & 255);
  return size + text + data;
}

void write(const std::string& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace sameseed::simulation
