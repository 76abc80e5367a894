// CLIP's byte-pair tokenizer, with the ids of transformers 5's tokenizers-backed CLIPTokenizer
// (huggingface/transformers:src/transformers/models/clip/tokenization_clip.py): NFC, white space,
// lower case, the Unicode word pattern, byte pairs. No clean-up of HTML or broken encodings. Ids
// may differ for code points that ICU and the Rust crates know from different Unicode versions:
// letters assigned after Unicode 15, and the order of rare combining marks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

struct TokenizerTables;

struct TokenIds {
  std::vector<std::int64_t> ids;  // begin, content, end, padding: model_max_length of them
  bool truncated = false;
  std::size_t dropped = 0;  // content tokens that did not fit
};

class Tokenizer {
 public:
  // Throws UserError for a folder that read_tokenizer() (tokenizer_tables.h) cannot read.
  static Tokenizer open(const std::filesystem::path& folder);

  // Throws UserError for text that is not UTF-8.
  TokenIds encode(std::string_view utf8) const;

  std::size_t length() const;  // how many ids encode() gives

 private:
  explicit Tokenizer(std::shared_ptr<const TokenizerTables> tables);
  std::shared_ptr<const TokenizerTables> tables_;
};

}  // namespace sameseed
