// Gates that cannot pass with what a matrix makes.
#include "reports/judge/reach.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

// `more`: fields of the file beside its gates.
std::vector<std::string> out_of_reach(const std::string& gate, const PlannedObservations& planned,
                                      const std::string& more = "") {
  return gates_out_of_reach(
      parse_gates(R"({"schema":"sameseed/gate/1",)" + more + R"("gates":[)" + gate + "]}",
                  "g.json"),
      planned);
}

const std::string kTail =
    R"({"metric":"lpips.alex","statistic":"worst5","by":"interval","at_most":0.1})";
const std::string kMean =
    R"({"metric":"lpips.alex","statistic":"mean","by":"interval","at_most":0.1})";

TEST(GatesOutOfReach, AreTailsOfFewerThan59Prompts) {
  EXPECT_EQ(out_of_reach(kTail, {.prompts = 58, .pairs = 58}),
            (std::vector<std::string>{
                "lpips.alex worst5 at most 0.1, by interval: needs 59 prompts, it has 58 here"}));
  EXPECT_TRUE(out_of_reach(kTail, {.prompts = 59, .pairs = 59}).empty());
}

TEST(GatesOutOfReach, AreMeansOfFewerThanSixPromptsHoweverManySeeds) {
  EXPECT_EQ(out_of_reach(kMean, {.prompts = 5, .pairs = 500}).size(), 1u);
  EXPECT_TRUE(out_of_reach(kMean, {.prompts = 6, .pairs = 6}).empty());
}

TEST(GatesOutOfReach, AreThoseWhoseStatedSampleIsLargerOrTooSmall) {
  EXPECT_EQ(out_of_reach(kTail, {.prompts = 64, .pairs = 64}, R"("prompts":96,)"),
            (std::vector<std::string>{
                "lpips.alex worst5 at most 0.1, by interval: needs 96 prompts, it has 64 here"}));
  EXPECT_EQ(out_of_reach(kTail, {.prompts = 64, .pairs = 64}, R"("prompts":12,)"),
            (std::vector<std::string>{
                "lpips.alex worst5 at most 0.1, by interval: needs 59 prompts, it has 12 here"}));
}

TEST(GatesOutOfReach, AreTimesOfTooFewBlocks) {
  const std::string gate =
      R"({"timing":"total_ms","statistic":"ratio","by":"interval","at_most":0.9})";
  EXPECT_EQ(out_of_reach(gate, {.prompts = 64, .pairs = 64, .blocks = 5}).size(), 1u);
  EXPECT_TRUE(out_of_reach(gate, {.prompts = 64, .pairs = 64, .blocks = 6}).empty());
  const std::string by_value = R"({"timing":"total_ms","statistic":"ratio","at_most":0.9})";
  EXPECT_EQ(out_of_reach(by_value, {.prompts = 64, .pairs = 64, .blocks = 5}).size(), 1u);
  EXPECT_TRUE(out_of_reach(by_value, {.prompts = 64, .pairs = 64, .blocks = 6}).empty());
}

TEST(GatesOutOfReach, AreThoseThatAskForMorePairsThanAreMade) {
  const std::string gate =
      R"({"metric":"lpips.alex","statistic":"mean","at_most":0.1,"min_pairs":8})";
  EXPECT_EQ(out_of_reach(gate, {.prompts = 7, .pairs = 7}).size(), 1u);
  EXPECT_TRUE(out_of_reach(gate, {.prompts = 4, .pairs = 8}).empty());
}

// Unrelated photographs have 0.67 at least.
TEST(GatesThatHardlyFail, AreThoseThatPicturesWithNothingInCommonPass) {
  const auto lines = [](const char* gate) {
    return gates_that_hardly_fail(
        parse_gates(R"({"schema":"sameseed/gate/1","gates":[)" + std::string(gate) + "]}", "g"));
  };
  const auto found =
      lines(R"({"metric":"lpips.alex","statistic":"worst5","by":"interval","at_most":1.8})");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0],
            "lpips.alex worst5 at most 1.8, by interval: photographs that have nothing in common "
            "have 0.67 to 0.92, so it hardly fails any");
  EXPECT_TRUE(lines(R"({"metric":"lpips.alex","statistic":"mean","at_most":0.3})").empty());
  EXPECT_TRUE(lines(R"({"metric":"difference.max_abs","statistic":"mean","at_most":9})").empty());
}

}  // namespace
}  // namespace sameseed
