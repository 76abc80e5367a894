#include "io/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/error.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

const std::filesystem::path kFolder =
    std::filesystem::path(::testing::TempDir()) / "sameseed-files";

TEST(Files, AreReplacedWholeAndLeaveNothingBeside) {
  std::filesystem::remove_all(kFolder);
  write_file(kFolder / "a/b.txt", "one");
  write_file(kFolder / "a/b.txt", "two");
  EXPECT_EQ(read_file(kFolder / "a/b.txt"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(kFolder / "a"), {}), 1);
}

TEST(Files, NameThePlaceOfBadJson) {
  write_file(kFolder / "bad.json", "{\n  \"a\": }\n");
  try {
    read_json(kFolder / "bad.json");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("bad.json: not valid JSON at line 2, column 8"),
              std::string::npos)
        << error.what();
  }
  write_file(kFolder / "deep.json", std::string(100000, '[') + std::string(100000, ']'));
  EXPECT_THROW(read_json(kFolder / "deep.json"), UserError);
  EXPECT_THROW(read_json(kFolder / "absent.json"), UserError);
}

TEST(AppendLog, EndsAHalfLineThatACrashLeftBehind) {
  std::filesystem::remove_all(kFolder);
  write_file(kFolder / "log", "whole\nhal");
  AppendLog(kFolder / "log").append("next");
  EXPECT_EQ(read_file(kFolder / "log"), "whole\nhal\nnext\n");
}

// FIPS 180-2, appendix B.1.
TEST(Sha256, HasThePublishedValue) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace sameseed
