#include "io/input_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "io/error.h"
#include "io/files.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

namespace fs = std::filesystem;

class InputFiles : public ::testing::Test {
 protected:
  InputFiles() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~InputFiles() override { fs::remove_all(folder_); }

  template <typename Call>
  static std::string refusal_of(Call call) {
    try {
      call();
    } catch (const UserError& error) {
      return error.what();
    }
    return "taken";
  }
  bool refuses(const std::string& name, const std::string& why) const {
    const fs::path file = folder_ / name;
    const std::string said = refusal_of([&] { read_file(file); });
    EXPECT_EQ(refusal_of([&] { sha256_of_file(file); }), said);
    return said == file.string() + ": cannot be read: " + why;
  }

  const fs::path folder_ = ::testing::TempDir() + "sameseed-input-files";
};

// Opening a FIFO as a file waits for ever: this test hangs where it is done.
TEST_F(InputFiles, AreRegularOnesOnly) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  fs::create_directory(folder_ / "folder");
  fs::create_symlink("/dev/zero", folder_ / "device");
  fs::create_symlink("nowhere", folder_ / "dangling");
  EXPECT_TRUE(refuses("fifo", "it is a FIFO, and no file; write what comes out of it to a file"));
  EXPECT_TRUE(refuses("folder", "it is a folder, and no file"));
  EXPECT_TRUE(refuses("device", "it is a device, and no file"));
  EXPECT_TRUE(refuses("dangling", "no such file"));
  EXPECT_TRUE(refuses("none", "no such file"));
}

TEST_F(InputFiles, AreReadWhole) {
  for (const std::size_t size : {0, 1, 4096, 100'000}) {
    const std::string text(size, 'x');
    write_file(folder_ / "file", text);
    EXPECT_EQ(read_file(folder_ / "file"), text);
  }
  EXPECT_FALSE(read_file("/proc/self/stat").empty());  // a file that tells no size
}

TEST_F(InputFiles, AreAbsentOnlyWhereNothingHasTheirName) {
  EXPECT_TRUE(is_absent(folder_ / "none"));
  write_file(folder_ / "file", "x");
  EXPECT_FALSE(is_absent(folder_ / "file"));
  EXPECT_TRUE(is_absent(folder_ / "file/below"));
  fs::create_symlink("nowhere", folder_ / "dangling");
  EXPECT_FALSE(is_absent(folder_ / "dangling"));
  EXPECT_THROW(is_absent(folder_ / std::string(300, 'x')), UserError);
}

TEST_F(InputFiles, ThatAreWrittenToHaveNoOtherName) {
  write_file(folder_ / "outside", "precious\n");
  fs::create_hard_link(folder_ / "outside", folder_ / "log");
  EXPECT_NE(refusal_of([&] { AppendLog(folder_ / "log").append("line"); }).find("a hard link"),
            std::string::npos);
  fs::create_symlink(folder_ / "outside", folder_ / "link");
  EXPECT_NE(refusal_of([&] { AppendLog(folder_ / "link").append("line"); }), "taken");
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_NE(refusal_of([&] { AppendLog(folder_ / "fifo").append("line"); }), "taken");
  EXPECT_EQ(read_file(folder_ / "outside"), "precious\n");
}

TEST_F(InputFiles, ThatAKilledCommandLeftHalfWrittenAreRemoved) {
  for (const char* name : {"report.json.tmp-a1B2c3", "report.json.tmp-short", "report.json"})
    write_file(folder_ / name, "x");
  fs::create_directory(folder_ / "x.tmp-abcdef");
  remove_temporaries(folder_);
  EXPECT_TRUE(is_absent(folder_ / "report.json.tmp-a1B2c3"));
  for (const char* name : {"report.json.tmp-short", "report.json", "x.tmp-abcdef"})
    EXPECT_FALSE(is_absent(folder_ / name)) << name;
  remove_temporaries(folder_ / "none");
}

}  // namespace
}  // namespace sameseed
