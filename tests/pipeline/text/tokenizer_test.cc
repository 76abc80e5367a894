#include "pipeline/text/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

using Ids = std::vector<std::int64_t>;

const std::filesystem::path kModel =
    std::filesystem::path(SAMESEED_SOURCE_DIR) / "reference/nano-sdxl";

// The ids without begin, end and padding.
Ids content(const Tokenizer& tokenizer, std::string_view text) {
  const Ids ids = tokenizer.encode(text).ids;
  return {ids.begin() + 1, std::find(ids.begin() + 1, ids.end(), 49407)};
}

// tests/goldens/make_tokenizer_goldens.py
TEST(Tokenizer, GivesTheIdsOfTransformers) {
  const nlohmann::json goldens =
      read_json(std::filesystem::path(SAMESEED_SOURCE_DIR) / "tests/goldens/tokenizer.json");
  ASSERT_GE(goldens.at("cases").size(), 150u);
  for (std::size_t i = 0; i < goldens.at("folders").size(); ++i) {
    const std::string folder = goldens.at("folders")[i];
    const Tokenizer tokenizer = Tokenizer::open(kModel / folder);
    for (const nlohmann::json& golden : goldens.at("cases")) {
      Ids wanted = golden.at("ids")[i];
      wanted.resize(77, folder == "tokenizer" ? 49407 : 0);
      const auto dropped = golden.at("dropped")[i].get<std::size_t>();
      const TokenIds got = tokenizer.encode(golden.at("prompt").get<std::string>());
      EXPECT_EQ(got.ids, wanted) << folder << ": " << golden.at("prompt");
      EXPECT_EQ(got.dropped, dropped) << folder << ": " << golden.at("prompt");
      EXPECT_EQ(got.truncated, dropped > 0) << folder << ": " << golden.at("prompt");
    }
  }
}

TEST(Tokenizer, TakesThePaddingTokenOutOfThePrompt) {
  EXPECT_EQ(content(Tokenizer::open(kModel / "tokenizer"), "cat !"), (Ids{2368, 256}));
  EXPECT_EQ(content(Tokenizer::open(kModel / "tokenizer_2"), "cat!!"), (Ids{2368, 0, 0}));
}

// Upper case comes too late for a special token that is matched before normalization, and in time
// for one that is matched behind it.
TEST(Tokenizer, MatchesSpecialTokensBeforeOrBehindNormalization) {
  const TokenIds before = Tokenizer::open(kModel / "tokenizer").encode("A <|ENDOFTEXT|> x");
  EXPECT_EQ(Ids(before.ids.begin(), before.ids.begin() + 10),
            (Ids{49406, 320, 27, 347, 40786, 4160, 91, 285, 343, 49407}));
  const TokenIds behind = Tokenizer::open(kModel / "tokenizer_2").encode("A <|ENDOFTEXT|> x");
  EXPECT_EQ(Ids(behind.ids.begin(), behind.ids.begin() + 5), (Ids{49406, 320, 49407, 343, 49407}));
}

TEST(Tokenizer, RefusesWhatIsNotUtf8) {
  const Tokenizer tokenizer = Tokenizer::open(kModel / "tokenizer");
  for (const char* bad : {"a\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"})
    EXPECT_THROW(tokenizer.encode(bad), UserError);
}

// Merging by rescanning the word would take minutes here and run into the test's time limit.
TEST(Tokenizer, TakesAWordOfAHundredThousandLetters) {
  const TokenIds ids = Tokenizer::open(kModel / "tokenizer").encode(std::string(100'000, 'a'));
  EXPECT_EQ(ids.ids.size(), 77u);
  EXPECT_TRUE(ids.truncated);
}

// What newer versions of transformers save: one file, with the added tokens in it.
TEST(Tokenizer, ReadsAFolderThatHasOnlyTokenizerJson) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "sameseed-tokenizer";
  std::filesystem::remove_all(folder);
  write_file(folder / "tokenizer_config.json", R"({"pad_token":"!","model_max_length":8})");
  write_file(folder / "tokenizer.json", R"({
    "model": {"vocab": {"!": 0, "a": 1, "b": 2, "a</w>": 3, "b</w>": 4, "ab</w>": 5,
                        "<|startoftext|>": 6, "<|endoftext|>": 7},
              "merges": [["a", "b</w>"]]},
    "added_tokens": [{"id": 8, "content": "BB", "normalized": true}]})");
  const Tokenizer tokenizer = Tokenizer::open(folder);
  EXPECT_EQ(tokenizer.encode("ab a! Bb").ids, (Ids{6, 5, 3, 0, 8, 7, 0, 0}));
  EXPECT_EQ(tokenizer.encode("ab ab ab ab ab ab ab").dropped, 1u);

  write_file(folder / "tokenizer.json", R"({"model": {"vocab": {"a": 1}, "merges": ["a b"]}})");
  EXPECT_THROW(Tokenizer::open(folder), UserError);
  write_file(folder / "tokenizer.json", R"([])");
  EXPECT_THROW(Tokenizer::open(folder), UserError);
}

TEST(Tokenizer, NamesTheFileThatIsMissing) {
  try {
    Tokenizer::open(kModel / "scheduler");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("vocab.json"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sameseed
