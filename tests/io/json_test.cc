#include "io/json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/error.h"

namespace sameseed {
namespace {

std::string refusal_of(const std::string& text, int deepest = 200) {
  try {
    parse_json(text, "x.json", deepest);
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

TEST(Json, RefusesANameThatStandsTwiceInOneObject) {
  EXPECT_EQ(refusal_of(R"([{"a":1},{"a":{"a":[{"a":2}]},"b":3}])"), "taken");
  EXPECT_EQ(refusal_of(R"({"b":{"a":1,"c":{},"a":1}})"),
            "x.json: \"a\" stands twice in one object; remove one");
}

TEST(Json, CountsLevelsAndNamesPlaces) {
  EXPECT_EQ(refusal_of(R"([[{}]])", 3), "taken");
  EXPECT_EQ(refusal_of(R"([[{"a":[]}]])", 3), "x.json: nested deeper than 3 levels");
  EXPECT_EQ(refusal_of(std::string(1'000'000, '[')), "x.json: nested deeper than 200 levels");
  EXPECT_EQ(refusal_of("{\n\"a\": tru }"), "x.json: not valid JSON at line 2, column 9");
  EXPECT_EQ(refusal_of("[\"\xff\"]"),
            "x.json: line 1: is not valid UTF-8 at byte 2; save it as UTF-8");
  EXPECT_EQ(
      refusal_of(std::string("{}\n\0", 4)),
      "x.json: line 2: holds a NUL at byte 0; remove it, or save it as UTF-8 where it is UTF-16");
  EXPECT_EQ(refusal_of(""), "x.json: not valid JSON at line 1, column 1");
  EXPECT_EQ(refusal_of("[1e999]"), "x.json: holds a number that is too large");
}

// A parser that looks at all members again for each of them needs minutes for this.
TEST(Json, ReadsManyObjectsInOneInTimeThatGrowsWithTheText) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += fmt::format("\"{}\":{{}},", i);
  text.back() = '}';
  EXPECT_EQ(parse_json(text, "x.json").size(), 100'000u);
}

TEST(Json, HandsOutTheEntriesOfOneList) {
  const std::string text =
      R"({"a":[1,[2]],"samples":[{"samples":[7]},5,[],"x",null],"z":{"samples":[1]}})";
  nlohmann::json taken = nlohmann::json::array();
  const auto take = [&](nlohmann::json entry) { taken.push_back(std::move(entry)); };
  const nlohmann::json rest = parse_json(text, "x.json", "samples", take);
  EXPECT_EQ(taken.dump(), R"([{"samples":[7]},5,[],"x",null])");
  EXPECT_EQ(rest.dump(), R"({"a":[1,[2]],"samples":[],"z":{"samples":[1]}})");
  taken.clear();
  EXPECT_EQ(parse_json(R"({"samples":{"a":[1]}})", "x.json", "samples", take).dump(),
            R"({"samples":{"a":[1]}})");  // no list
  EXPECT_EQ(parse_json("[[1],[2]]", "x.json", "samples", take).dump(), "[[1],[2]]");
  EXPECT_TRUE(taken.empty());
}

}  // namespace
}  // namespace sameseed
