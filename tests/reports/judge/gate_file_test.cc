// What a gate file may hold, and what is said of one that cannot be.
#include <gtest/gtest.h>

#include "tests/reports/judge/interval_gates.h"

namespace sameseed {
namespace {

TEST(GateFile, IsHeldToItsSchema) {
  EXPECT_NE(message_of(R"({"metrik":"lpips.alex","statistic":"mean","at_most":1})")
                .find("gates[0].metrik: there is no such field; did you mean \"metric\"?"),
            std::string::npos);
  EXPECT_NE(message_of(R"({"metric":"lpips.alex","statistic":"mean"})")
                .find("gates[0]: needs one of at_most, at_least"),
            std::string::npos)
      << message_of(R"({"metric":"lpips.alex","statistic":"mean"})");
  EXPECT_NE(message_of(R"({"metric":"a","timing":"b","statistic":"mean","at_most":1})")
                .find("gates[0]: needs exactly one of metric, timing"),
            std::string::npos);
  EXPECT_NE(message_of(R"({"metric":"lpips.alex","statistic":"avg","at_most":1})")
                .find("gates[0].statistic"),
            std::string::npos);
  EXPECT_NE(message_of(R"({"metric":"lpips.alex","statistic":"ratio","at_most":1})")
                .find("for timings only"),
            std::string::npos);
  EXPECT_NE(message_of("").find("gates"), std::string::npos);
  EXPECT_EQ(message_of(R"({"metric":"lpips.alex","statistic":"mean","at_most":0.25})"), "");
}

TEST(GateFile, RefusesStatisticsThatHaveNoInterval) {
  EXPECT_TRUE(holds(
      message_of(R"({"metric":"lpips.alex","statistic":"worst","by":"interval","at_most":1})"),
      "g.json: gates[0].statistic: of the \"worst\" of all pairs"));
  EXPECT_TRUE(
      holds(message_of(R"({"timing":"total_ms","statistic":"mean","by":"interval","at_most":1})"),
            "\"ratio\" of a timing"));
  EXPECT_TRUE(holds(message_of(ratio_gate(R"("at_most":-1)")), "gates[0].at_most"));
}

TEST(GateFile, SaysWhatABoundMayBe) {
  EXPECT_TRUE(holds(message_of(lpips_gate(R"("at_most":{"floor":"reference, second process"})")),
                    R"(gates[0].at_most: must be a number, {"floor": KIND, "times": NUMBER})"));
  EXPECT_TRUE(holds(message_of(lpips_gate(R"("at_most":{"baseline":true,"times":2})")),
                    R"({"baseline": true, "margin": NUMBER})"));
  const std::string kind = message_of(lpips_gate(R"("at_most":{"floor":"second","times":2})"));
  EXPECT_TRUE(holds(kind, "gates[0].at_most.floor: must be \"reference, second process\" or "))
      << kind;
  EXPECT_TRUE(holds(message_of(R"({"timing":"total_ms","statistic":"ratio",
      "at_most":{"floor":"reference, second process","times":2}})"),
                    "of metrics only"));
  EXPECT_TRUE(holds(message_of(R"({"metric":"lpips.alex","statistic":"mean","by":"value",
      "at_most":{"baseline":true,"margin":0}})"),
                    "always judged by \"interval\""));
  EXPECT_THROW(gates_of(kBaseline, "0.5"), UserError);
}

}  // namespace
}  // namespace sameseed
