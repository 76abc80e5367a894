#include "bench/answer.h"

#include <gtest/gtest.h>

#include "bench/worker.h"

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
  const json fields = record_fields(answer);
  EXPECT_EQ(fields,
            (json{{"timings_ms", kAnswer.at("timings_ms")}, {"hashes", kAnswer.at("hashes")}}));
}

TEST(Answer, IsRubbishWhereAFieldHasAnotherType) {
  EXPECT_EQ(refusal_of("/engagement", json::object()), "taken");
  EXPECT_NE(refusal_of("/timings_ms", 3).find("timings_ms needs at least `total`"),
            std::string::npos);
  EXPECT_NE(refusal_of("/timings_ms/full", {true}).find("for each of the steps"),
            std::string::npos);
  EXPECT_NE(refusal_of("/hashes/noise", 7).find("without them no score counts"), std::string::npos);
  EXPECT_NE(refusal_of("/effective", "all").find("effective must be an object"), std::string::npos);
  EXPECT_NE(refusal_of("/invalid", "throttled").find("invalid must be a list"), std::string::npos);
  EXPECT_NE(refusal_of("/peak_memory", "2 GB").find("peak_memory must be"), std::string::npos);
}

}  // namespace
}  // namespace sameseed
