// Tokenizers whose folder is not as SDXL's own (tests/goldens/make_folder_goldens.py).
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/error.h"
#include "io/files.h"
#include "io/text.h"
#include "pipeline/text/tokenizer.h"

namespace sameseed {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kSource = fs::path(SAMESEED_SOURCE_DIR) / "tests/goldens/parity/model_a/tokenizer";

class TokenizerFolders : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  void edit(const std::string& file, json fields) const {
    json values = fs::exists(folder_ / file) ? read_json(folder_ / file) : json::object();
    for (const std::string name : fields.value("remove", json::array())) values.erase(name);
    fields.erase("remove");
    values.update(fields);
    write_file(folder_ / file, values.dump());
  }

  // tokenizer.json with the vocabulary of the other files and these added tokens.
  void write_single_file(const json& added) const {
    json merges = json::array();
    const std::string text = read_text(folder_ / "merges.txt");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::string line = text.substr(at, end - at);
      if (!line.empty() && !line.starts_with("#version")) merges.push_back(line);
      at = end + 1;
    }
    const json vocabulary = read_json(folder_ / "vocab.json");
    write_file(folder_ / "tokenizer.json",
               json{{"added_tokens", added}, {"model", {{"vocab", vocabulary}, {"merges", merges}}}}
                   .dump());
  }

  void change(const json& changes) const {
    fs::remove_all(folder_);
    fs::copy(kSource, folder_);
    for (const auto& [file, fields] : changes.items())
      if (file == "tokenizer.json")
        write_single_file(fields);
      else if (file != "remove")
        edit(file, fields);
    for (const std::string name : changes.value("remove", json::array()))
      fs::remove(folder_ / name);
  }

  std::string refusal() const {
    try {
      Tokenizer::open(folder_);
    } catch (const UserError& error) {
      return error.what();
    }
    return "nothing was refused";
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "sameseed-tokenizer-folders";
};

TEST_F(TokenizerFolders, GiveTheIdsOfTransformersOrAreRefused) {
  const json goldens =
      read_json(fs::path(SAMESEED_SOURCE_DIR) / "tests/goldens/folders/tokenizers.json");
  ASSERT_GE(goldens.at("cases").size(), 40u);
  for (const json& golden : goldens.at("cases")) {
    const std::string name = golden.at("name");
    change(golden.at("change"));
    if (golden.contains("refused")) {
      const std::string text = refusal();
      EXPECT_NE(text.find(golden.at("refused").get<std::string>()), std::string::npos)
          << name << ": " << text;
      continue;
    }
    if (golden.contains("fails")) {
      EXPECT_NE(refusal(), "nothing was refused") << name;
      continue;
    }
    ASSERT_EQ(refusal(), "nothing was refused") << name;
    const Tokenizer tokenizer = Tokenizer::open(folder_);
    for (std::size_t i = 0; i < goldens.at("prompts").size(); ++i) {
      std::vector<std::int64_t> wanted = golden.at("ids")[i];
      wanted.resize(golden.at("length"), golden.at("pad").get<std::int64_t>());
      const std::string prompt = goldens.at("prompts")[i];
      EXPECT_EQ(tokenizer.encode(prompt).ids, wanted) << name << ": " << prompt;
    }
  }
}

TEST_F(TokenizerFolders, AreRefusedWithTheFileAndWhatWouldDo) {
  const std::pair<json, std::vector<std::string>> cases[] = {
      {{{"added_tokens.json", {{"<s0>", 900}}}},
       {"added_tokens.json: \"<s0>\" has the number 900", "transformers gives it 898"}},
      {{{"tokenizer_config.json", {{"model_max_length", 77.5}}}},
       {"tokenizer_config.json: model_max_length = 77.5", "needs a whole number"}},
      {{{"tokenizer_config.json", {{"pad_token", nullptr}}},
        {"remove", {"special_tokens_map.json"}}},
       {"pad_token = null: needs a token"}},
      {{{"tokenizer_config.json", {{"padding_side", "left"}}}}, {"supported: \"right\""}},
  };
  for (const auto& [changes, parts] : cases) {
    change(changes);
    for (const std::string& part : parts)
      EXPECT_NE(refusal().find(part), std::string::npos) << part << "\n" << refusal();
  }
}

TEST_F(TokenizerFolders, NamesWhatGitHasNotFetched) {
  const char* pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1059962\n";
  for (const char* file : {"vocab.json", "merges.txt", "tokenizer_config.json"}) {
    change(json::object());
    write_file(folder_ / file, pointer);
    EXPECT_NE(refusal().find(std::string(file) + ": is a Git LFS pointer"), std::string::npos)
        << refusal();
    EXPECT_NE(refusal().find("git lfs pull"), std::string::npos) << refusal();
  }
}

}  // namespace
}  // namespace sameseed
