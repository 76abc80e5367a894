// The tokenizer with the embedded model's two vocabularies.
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "io/error.h"
#include "pipeline/text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto model = std::filesystem::path(SAMESEED_SOURCE_DIR) / "reference/nano-sdxl";
  static const sameseed::Tokenizer tokenizers[] = {
      sameseed::Tokenizer::open(model / "tokenizer"),
      sameseed::Tokenizer::open(model / "tokenizer_2")};
  for (const sameseed::Tokenizer& tokenizer : tokenizers) {
    try {
      const auto result = tokenizer.encode({reinterpret_cast<const char*>(data), size});
      if (result.ids.size() != 77 || result.truncated != (result.dropped > 0)) __builtin_trap();
      for (const std::int64_t id : result.ids)
        if (id < 0 || id > 49407) __builtin_trap();
    } catch (const sameseed::UserError&) {
    }
  }
  return 0;
}
