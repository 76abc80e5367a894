#include "io/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

const std::filesystem::path kFile =
    std::filesystem::path(::testing::TempDir()) / "sameseed-x.safetensors";

std::string file_of(const std::string& header, std::size_t data, std::uint64_t length_off_by = 0) {
  const std::uint64_t length = header.size() + length_off_by;
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data, '\1');
}

TEST(Safetensors, ReadWhatWasWritten) {
  const std::vector<float> values = {1, -2, 3.5f, 0, 5, 6};
  write_safetensors(kFile,
                    {{"x", {DType::kF32, {2, 3}, std::as_bytes(std::span(values))}},
                     {"none", {DType::kI64, {0}, {}}}},
                    {{"made", "by hand"}});
  const SafetensorsFile file = SafetensorsFile::open(kFile);
  ASSERT_EQ(file.tensors().size(), 2u);
  const TensorView& x = file.tensors().at("x");
  EXPECT_EQ(x.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(x.data.data(), values.data(), x.data.size()), 0);
  EXPECT_EQ(file.metadata().at("made"), "by hand");
}

TEST(Safetensors, RefuseWhatTheFormatForbids) {
  const std::string good = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::pair<const char*, std::string> bad[] = {
      {"empty", ""},
      {"a length beyond the file", file_of(good, 8, 1000)},
      {"a header of 2^63 bytes", std::string(7, '\xff') + "\x7f" + good},
      {"no JSON", file_of("{]", 0)},
      {"no object", file_of("[1]", 0)},
      {"data cut short", file_of(good, 7)},
      {"bytes behind the last tensor", file_of(good, 9)},
      {"a size that does not fit the shape",
       file_of(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8)},
      {"a shape that overflows",
       file_of(R"({"x":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}})",
               0)},
      {"a negative size", file_of(R"({"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8)},
      {"offsets turned round",
       file_of(R"({"x":{"dtype":"F32","shape":[0],"data_offsets":[8,0]}})", 8)},
      {"an unknown type", file_of(R"({"x":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}})", 8)},
      {"a name that stands twice",
       file_of(
           R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
           1)},
      {"tensors that overlap",
       file_of(
           R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
           6)},
      {"a gap between tensors",
       file_of(
           R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
           3)},
      {"lists in lists without end",
       file_of(R"({"x":{"dtype":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') +
                   R"(,"shape":[2],"data_offsets":[0,8]}})",
               8)},
      {"no offsets", file_of(R"({"x":{"dtype":"F32","shape":[2]}})", 0)},
      {"metadata that is no text", file_of(R"({"__metadata__":{"a":1}})", 0)},
  };
  for (const auto& [what, bytes] : bad) {
    write_file(kFile, bytes);
    EXPECT_THROW(SafetensorsFile::open(kFile), UserError) << what;
  }
  write_file(kFile, file_of(good, 8));
  EXPECT_NO_THROW(SafetensorsFile::open(kFile));
}

TEST(Safetensors, RefuseHeadersBeyondTheStatedLimits) {
  std::string header = "{";
  for (int i = 0; i <= 50'000; ++i)
    header += "\"t" + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  header.back() = '}';
  const std::pair<std::string, const char*> bad[] = {
      {file_of(header, 0), "header of 50001 tensors: at most 50000 are read"},
      {file_of("{" + std::string(100'000'000, ' ') + "}", 0), "header of 100000002 bytes"},
      {file_of(R"({"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],)"
               R"("data_offsets":[0,1]}})",
               1),
       "at most 16 sizes"},
      {file_of(R"({"x":{"dtype":"U8","shape":[[[1]]],"data_offsets":[0,1]}})", 1),
       "deeper than 4 levels"},
  };
  for (const auto& [bytes, words] : bad) {
    write_file(kFile, bytes);
    try {
      SafetensorsFile::open(kFile);
      ADD_FAILURE() << words;
    } catch (const UserError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace sameseed
