// pictures.json: whatever is taken names files, and answers any request with one of them or a
// sentence of one line.
#include <algorithm>
#include <cstdint>
#include <string>

#include "bench/engines/picture_index.h"
#include "io/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const sameseed::PictureIndex index(text, "pictures.json");
    const auto files = index.files();
    if (files.empty() || std::ranges::count(files, "") > 0) __builtin_trap();
    sameseed::Request request{.prompt = "a cat"};
    if (std::ranges::count(files, index.file_for(request)) == 0) __builtin_trap();
  } catch (const sameseed::UserError& error) {
    if (std::string(error.what()).find('\n') != std::string::npos) __builtin_trap();
  }
  return 0;
}
