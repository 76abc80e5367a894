#include "bench/worker/answer.h"

#include <gtest/gtest.h>

#include "bench/worker/worker.h"

namespace sameseed {
namespace {

using nlohmann::json;

const json kAnswer = {{"ok", true},
                      {"id", "1"},
                      {"timings_ms", {{"total", 3.5}, {"steps", {1, 2}}, {"full", {true, false}}}},
                      {"hashes", {{"noise", "a"}, {"token_ids", "b"}}}};

std::string refusal_of(const char* pointer, const json& value) {
  json answer = kAnswer;
  answer[json::json_pointer(pointer)] = value;
  try {
    record_fields(answer);
  } catch (const WorkerFailure& failure) {
    EXPECT_EQ(failure.kind, "rubbish");
    return failure.what();
  }
  return "taken";
}

TEST(Answer, MayNotSpeakInTheProgramsName) {
  json answer = kAnswer;
  answer["sample"] = "another";
  answer["outcome"] = "crashed";
  answer["device"] = "a fast one";
  const json fields = record_fields(answer);
  EXPECT_EQ(fields,
            (json{{"timings_ms", kAnswer.at("timings_ms")}, {"hashes", kAnswer.at("hashes")}}));
}

TEST(Answer, IsRubbishWhereTheReportsWouldMissAField) {
  EXPECT_EQ(refusal_of("/engagement", json::object()), "taken");
  EXPECT_NE(refusal_of("/timings_ms/total", nullptr).find("`timings_ms.total` is no time"),
            std::string::npos);
  EXPECT_NE(refusal_of("/timings_ms/full", {true}).find("of each of its steps"), std::string::npos);
  EXPECT_NE(refusal_of("/timings_ms/text", {1, 2}).find("`timings_ms.text` is no time"),
            std::string::npos);
  EXPECT_EQ(refusal_of("/invalid", {"throttled"}), "taken");
  EXPECT_NE(refusal_of("/invalid", "throttled").find("`invalid` is no list"), std::string::npos);
  EXPECT_NE(refusal_of("/hashes/noise", nullptr).find("`hashes` is no object of texts"),
            std::string::npos);
  json without = kAnswer;
  without.at("hashes").erase("noise");
  EXPECT_THROW(record_fields(without), WorkerFailure);
}

// A negative time passed a gate on performance, and 1e308 made the ratio infinite.
TEST(Answer, IsRubbishWhereATimeCannotBe) {
  for (const json& time : {json(-5), json(-1e-9), json("5"), json(true), json(json::array({1}))})
    EXPECT_NE(refusal_of("/timings_ms/total", time), "taken") << time;
  EXPECT_NE(refusal_of("/timings_ms/steps", {1, -2}), "taken");
  EXPECT_EQ(refusal_of("/timings_ms/total", 0), "taken");
  const auto is_taken = [](const char* pointer, const json& value, double wall_ms) {
    json answer = kAnswer;
    answer[json::json_pointer(pointer)] = value;
    try {
      record_fields(answer, wall_ms);
      return true;
    } catch (const WorkerFailure& failure) {
      EXPECT_EQ(failure.kind, "rubbish");
      return false;
    }
  };
  EXPECT_TRUE(is_taken("/timings_ms/total", 1000, 1000));
  EXPECT_TRUE(is_taken("/timings_ms/total", 1010, 1000));  // two clocks
  EXPECT_FALSE(is_taken("/timings_ms/total", 1020, 1000));
  EXPECT_FALSE(is_taken("/timings_ms/total", 1e308, 1000));
  EXPECT_FALSE(is_taken("/timings_ms/decode", 1020, 1000));
  EXPECT_FALSE(is_taken("/timings_ms/steps", {510, 510}, 1000));
}

TEST(Answer, SaysOfNonfiniteValuesWhereTheyAroseOrIsRubbish) {
  const json nonfinite = {{"latents", 4},
                          {"image", 12},
                          {"step", 0},
                          {"layers", {{{"layer", "mid_block.resnets.0.conv1"}, {"count", 1}}}}};
  json answer = kAnswer;
  answer["nonfinite"] = nonfinite;
  EXPECT_EQ(record_fields(answer).at("nonfinite"), nonfinite);
  for (const auto& [field, value] : {std::pair<const char*, json>{"/latents", -1},
                                     {"/image", nullptr},
                                     {"/step", "0"},
                                     {"/layers", nullptr},
                                     {"/layers/0/layer", 1},
                                     {"/layers/0/count", nullptr}}) {
    json bad = nonfinite;
    bad[json::json_pointer(field)] = value;
    EXPECT_NE(refusal_of("/nonfinite", bad).find("`nonfinite` is no count"), std::string::npos)
        << field;
  }
}

}  // namespace
}  // namespace sameseed
