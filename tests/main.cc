// The main of every test program: tests run side by side, so each process gets a temporary folder
// of its own for ::testing::TempDir(), which goes with it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace {

std::string& folder() {
  static std::string name;
  return name;
}

// Before anything else of the program runs: constants of tests are made from TempDir().
[[gnu::constructor(101)]] void make_folder() {
  const char* base = ::getenv("TMPDIR");
  folder() = std::string(base && *base ? base : "/tmp") + "/sameseed-test.XXXXXX";
  if (::mkdtemp(folder().data()) == nullptr) ::abort();
  ::setenv("TEST_TMPDIR", (folder() + "/").c_str(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const int code = RUN_ALL_TESTS();
  std::error_code ignored;
  std::filesystem::remove_all(folder(), ignored);
  return code;
}
