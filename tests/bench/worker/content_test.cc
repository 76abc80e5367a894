#include "bench/worker/content.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "io/content_digest.h"
#include "io/files.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class Content : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    for (const char* name :
         {"model_index.json", "README.md", "scheduler/scheduler_config.json", "unet/config.json",
          "unet/w-00001-of-00002.safetensors", "unet/w.safetensors.index.json",
          "unet/other.safetensors", "vae/config.json", "vae/w.safetensors", "tokenizer/vocab.json",
          "tokenizer/merges.txt", "tokenizer/tokenizer.json", "tokenizer_2/tokenizer.json"})
      write_file(model_ / name, name);
  }
  void TearDown() override { fs::remove_all(folder_); }

  json content(const std::string& engine, const json& files) {
    return content_of({{"id", "e"}, {"engine", engine}, {"load", {{"model", model_.string()}}}},
                      {{"files", files}}, digests_);
  }
  static std::vector<std::string> names(const json& object) {
    std::vector<std::string> names;
    for (const auto& [name, digest] : object.items()) names.push_back(name);
    return names;
  }

  const fs::path folder_ = ::testing::TempDir() + "sameseed-content", model_ = folder_ / "model";
  DigestCache digests_{folder_ / "cache/digests"};
};

TEST_F(Content, IsOfTheFilesThatALoadRead) {
  const json made =
      content("reference", {{"unet", {{"files", {model_ / "unet/w-00001-of-00002.safetensors"}}}},
                            {"vae", {{"files", {model_ / "vae/w.safetensors"}}}}});
  EXPECT_EQ(
      names(made.at("files")),
      (std::vector<std::string>{
          "model_index.json", "scheduler/scheduler_config.json", "tokenizer/tokenizer.json",
          "tokenizer_2/tokenizer.json", "unet/config.json", "unet/w-00001-of-00002.safetensors",
          "unet/w.safetensors.index.json", "vae/config.json", "vae/w.safetensors"}));
  EXPECT_EQ(made.at("files").at("unet/config.json"), sha256(std::string_view("unet/config.json")));
  EXPECT_EQ(made.at("program"), json::object());
}

TEST_F(Content, OfAnEngineThatDoesNotSayIsAllThatItMayRead) {
  write_file(folder_ / "engine.py", "script");
  const json made = content("python3 " + (folder_ / "engine.py").string() + " --fast", {});
  EXPECT_EQ(made.at("program"), json({{"engine.py", sha256(std::string_view("script"))}}));
  EXPECT_TRUE(made.at("files").contains("unet/other.safetensors"));
  EXPECT_FALSE(made.at("files").contains("README.md"));
  const json told = content(
      "/bin/sh engine.sh", {{"unet", {{"files", {(model_ / "unet/other.safetensors").string()}}}}});
  EXPECT_TRUE(told.at("files").contains("unet/other.safetensors"));
  EXPECT_TRUE(told.at("files").contains("tokenizer/tokenizer.json"));  // a library may read it
  EXPECT_FALSE(told.at("files").contains("vae/w.safetensors"));
  EXPECT_EQ(content("null", {}).at("files"), json::object());
}

TEST_F(Content, IsRefusedWhereAFileChangedInALoad) {
  const json load = {{"model", model_.string()}},
             content = {{"files", {{"unet/config.json", "digest"}, {"elsewhere/w", "digest"}}}};
  const auto before = model_before_load(load);
  write_file(model_ / "unet/other.safetensors", "which this load did not read");
  EXPECT_NO_THROW(refuse_changed_in_load(load, before, content));
  write_file(model_ / "unet/config.json", "swapped");
  try {
    refuse_changed_in_load(load, before, content);
    FAIL();
  } catch (const ContentChanged& changed) {
    EXPECT_TRUE(std::string(changed.what()).starts_with("unet/config.json of " + model_.string()))
        << changed.what();
  }
}

TEST_F(Content, OfARunIsOneForAllItsWorkers) {
  const auto environment = [](const char* id) {
    return json{{"id", id}, {"engine", "reference"}, {"load", {{"model", "/m"}}}};
  };
  const auto of = [](const char* digest) {
    return json{{"files", {{"unet/w", digest}}}, {"program", json::object()}};
  };
  RunContent run;
  run.admit(environment("a"), of("1"), "r");
  run.admit(environment("a"), of("1"), "r");
  run.admit(environment("b"), of("1"), "r");
  for (const char* id : {"a", "c"})  // the same again, and the other arm
    try {
      run.admit(environment(id), of("2"), "r");
      FAIL() << id;
    } catch (const ContentChanged& changed) {
      EXPECT_TRUE(std::string(changed.what()).starts_with("r: unet/w of /m is not the file"))
          << changed.what();
    }
}

// Files of one name that lie elsewhere are others; the model's own are not.
TEST_F(Content, OfOtherSamplersAndLorasIsTheirOwn) {
  const auto environment = [](const char* id, const char* place) {
    return json{{"id", id},
                {"engine", "reference"},
                {"load",
                 {{"model", "/m"},
                  {"scheduler", std::string(place) + ".json"},
                  {"lora", {{{"path", std::string(place) + "/ink"}, {"scale", 1}}}}}}};
  };
  const auto of = [](const char* sampler, const char* lora, const char* unet) {
    return json{
        {"files",
         {{"scheduler/scheduler_config.json", sampler}, {"lora/1/x", lora}, {"unet/w", unet}}},
        {"program", json::object()}};
  };
  RunContent run;
  run.admit(environment("a", "/one"), of("1", "1", "1"), "r");
  run.admit(environment("b", "/two"), of("2", "2", "1"), "r");
  for (const auto& [content, name] :
       {std::pair{of("2", "1", "1"), "scheduler/scheduler_config.json of /m"},
        {of("1", "2", "1"), "lora/1/x of /one/ink"},
        {of("1", "1", "2"), "unet/w of /m"}})
    try {
      run.admit(environment(name, "/one"), content, "r");
      FAIL() << name;
    } catch (const ContentChanged& changed) {
      EXPECT_TRUE(std::string(changed.what()).starts_with(std::string("r: ") + name + " is not"))
          << changed.what();
    }
}

TEST(ContentDigest, IsThatOfTheFileOrOfItsPieces) {
  const fs::path file = ::testing::TempDir() + "sameseed-digest";
  const std::size_t piece = 8 << 20;
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, piece}) {
    const std::string bytes(size, 'x');
    write_file(file, bytes);
    EXPECT_EQ(content_digest(file), sha256(bytes)) << size;
  }
  std::string bytes(2 * piece + 1, 'x');
  bytes[piece] = 'y';
  write_file(file, bytes);
  const std::string_view all = bytes;
  EXPECT_EQ(content_digest(file),
            sha256(sha256(all.substr(0, piece)) + sha256(all.substr(piece, piece)) +
                   sha256(all.substr(2 * piece))));
  fs::remove(file);
  EXPECT_THROW(content_digest(file), UserError);
}

TEST(DigestCache, SeesAChangeThatKeepsSizeAndTime) {
  const fs::path folder = ::testing::TempDir() + "sameseed-digests", file = folder / "file";
  write_file(file, "one");
  DigestCache digests(folder / "kept");
  const std::string before = digests.digest_of(file);
  const auto time = fs::last_write_time(file);
  write_file(file, "two");
  fs::last_write_time(file, time);
  EXPECT_NE(digests.digest_of(file), before);
  fs::remove_all(folder);
}

// This program, which may have been built just now: a file is kept once it has been still for a
// while.
TEST(DigestCache, ReadsALargeFileOnce) {
  const fs::path folder = ::testing::TempDir() + "sameseed-digests",
                 file = fs::read_symlink("/proc/self/exe");
  std::this_thread::sleep_until(fs::last_write_time(file) + std::chrono::seconds(4));
  const std::string digest = DigestCache(folder / "kept").digest_of(file);
  EXPECT_EQ(digest, content_digest(file));
  std::string kept = read_file(folder / "kept");
  ASSERT_TRUE(kept.starts_with(digest));
  kept.replace(0, 64, std::string(64, 'a'));  // shows where an answer came from
  write_file(folder / "kept", kept);
  EXPECT_EQ(DigestCache(folder / "kept").digest_of(file), std::string(64, 'a'));
  write_file(folder / "kept", "rubbish\n" + kept.substr(0, 70));
  EXPECT_EQ(DigestCache(folder / "kept").digest_of(file), digest);
  EXPECT_EQ(DigestCache("").digest_of(file), digest);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace sameseed
