#include "io/json_lines.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;

class JsonLines : public ::testing::Test {
 protected:
  ~JsonLines() override { std::filesystem::remove(file_); }

  // The values of `a`, and what is said of the rest.
  std::string read(const std::string& text) {
    write_file(file_, text);
    seen_.clear();
    return for_each_json_line(file_,
                              [this](const json& line) -> std::string {
                                if (!line.contains("a")) return "has no a";
                                seen_.push_back(line.at("a"));
                                return "";
                              })
        .text("log");
  }

  const std::string file_ = ::testing::TempDir() + "sameseed-lines.jsonl";
  std::vector<int> seen_;
};

TEST_F(JsonLines, AreTakenAndThoseThatCannotBeAreNamed) {
  EXPECT_EQ(read("{\"a\":1}\n\n \r\n{\"a\":2}\r\n"), "");
  EXPECT_EQ(seen_, (std::vector{1, 2}));
  EXPECT_EQ(read("{\"a\":1}\n{\"b\":1}\n{\"a\":3}\n"), "log: line 2 was passed over: has no a");
  EXPECT_EQ(seen_, (std::vector{1, 3}));
  EXPECT_EQ(read("[3]\n" + std::string(9, '\0') + "\n{\"a\":4}\n"),
            "log: 2 lines were passed over, the first is line 1: no JSON object");
  EXPECT_EQ(read("{\"a\":1e999}\n"), "log: line 1 was passed over: not valid JSON");
}

TEST_F(JsonLines, EndInAHalfOneAfterACrash) {
  EXPECT_EQ(read("{\"a\":1}\n{\"a\":"), "");
  EXPECT_EQ(seen_, std::vector{1});
  EXPECT_EQ(read("{\"a\":1}\n{\"a\":2}"), "");  // whole, but for its end
  EXPECT_EQ(seen_, (std::vector{1, 2}));
}

TEST_F(JsonLines, AreBoundedInDepthAndLength) {
  const auto nested = [](int depth) {
    return "{\"a\":1,\"b\":" + std::string(depth, '[') + std::string(depth, ']') + "}\n";
  };
  EXPECT_EQ(read(nested(kDeepestLine - 1)), "");
  EXPECT_EQ(read(nested(kDeepestLine)),
            "log: line 1 was passed over: nested deeper than 64 levels");
  EXPECT_EQ(read(nested(1'000'000)), "log: line 1 was passed over: nested deeper than 64 levels");
  EXPECT_EQ(read("{\"a\":1,\"b\":\"" + std::string(99, '[') + "\\\"[\"}\n"), "");  // in a text
  EXPECT_EQ(read("{\"a\":1,\"b\":\"" + std::string(kLongestLine, 'x') + "\"}\n{\"a\":2}\n"),
            "log: line 1 was passed over: longer than 16777216 bytes");
  EXPECT_EQ(seen_, std::vector{2});
}

TEST_F(JsonLines, AreNoneOfAnAbsentFileAndAnErrorOfOneThatCannotBeRead) {
  const auto take = [](const json&) { return std::string(); };
  EXPECT_EQ(for_each_json_line(file_ + ".none", take).lines, 0u);
  EXPECT_THROW(for_each_json_line(::testing::TempDir(), take), UserError);
}

}  // namespace
}  // namespace sameseed
