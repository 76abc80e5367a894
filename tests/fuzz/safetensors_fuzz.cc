// Safetensors: the input as a file, and the input as the header of a file with 24 bytes of data.
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>

#include "io/error.h"
#include "io/safetensors.h"

namespace {

void read(const std::string& file) {
  try {
    const auto contents =
        sameseed::parse_safetensors(std::as_bytes(std::span(file.data(), file.size())), "x");
    std::size_t bytes = 0;
    for (const auto& [name, view] : contents.tensors)
      bytes += std::accumulate(
          view.data.begin(), view.data.end(), std::size_t{0},
          [](std::size_t sum, std::byte) { return sum + 1; });  // every byte is there to be read
    if (bytes > file.size()) __builtin_trap();
  } catch (const sameseed::UserError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  read(input);
  const std::uint64_t length = size;
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  read(file + input + std::string(24, '\1'));
  return 0;
}
