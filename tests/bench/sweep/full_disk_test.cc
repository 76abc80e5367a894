#include "bench/sweep/full_disk.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::uintmax_t kMiB = 1 << 20;

json failed(const std::string& error, const std::string& log = "") {
  return {{"outcome", "crashed"}, {"error", error}, {"log_tail", {log}}};
}

TEST(FullDisk, IsNamedForWhatASampleSaysOrHasNoRoomFor) {
  const json small = {{"size", "64x64"}}, large = {{"size", "1024x1024"}, {"batch", 2}};
  const std::string crash = "the worker was ended by signal 11 (Segmentation fault)";
  // A crash on a disk with a little space is a crash.
  EXPECT_FALSE(is_for_want_of_space(failed(crash), small, 5 * kMiB));
  EXPECT_FALSE(is_for_want_of_space(failed(crash), large, 7 * kMiB));
  EXPECT_TRUE(is_for_want_of_space(failed(crash), small, 60 << 10));
  EXPECT_TRUE(is_for_want_of_space(failed(crash), large, 6 * kMiB));
  for (const char* words :
       {"x.png: cannot be written: No space left on device",
        "RuntimeError: [enforce fail] . Disk quota exceeded", "x: the disk is full"}) {
    EXPECT_TRUE(is_for_want_of_space(failed(words), small, 5 * kMiB)) << words;
    EXPECT_TRUE(is_for_want_of_space(failed(crash, words), small, 5 * kMiB)) << words;
    // Where the run's disk has space, another one is meant.
    EXPECT_FALSE(is_for_want_of_space(failed(words), small, 500 * kMiB)) << words;
  }
}

}  // namespace
}  // namespace sameseed
