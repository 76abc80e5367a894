#include "bench/plan/sample_order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace sameseed {
namespace {

using nlohmann::json;

const json kEnvironments = {{{"id", "e1"}}, {{"id", "e2"}}};
const json kCases = {{{"id", "a"}, {"environment", "e2"}},
                     {{"id", "b"}, {"environment", "e1"}},
                     {{"id", "c"}, {"environment", "e2"}},
                     {{"id", "d"}, {"environment", "e1"}}};

// "a0.1": case, block, position.
std::vector<std::string> order_of(const json& samples, const char* kind) {
  std::vector<std::string> order;
  for (const json& sample : samples)
    if (sample.at("kind") == kind)
      order.push_back(sample.at("case").get<std::string>() + sample.at("block").dump() + "." +
                      sample.at("position").dump());
  return order;
}

TEST(SampleOrder, MakesThePicturesOfAnEnvironmentInARow) {
  const json samples = ordered_samples(kEnvironments, kCases, json::array(), json::array(), {}, 1);
  EXPECT_EQ(order_of(samples, "quality"),
            (std::vector<std::string>{"b0.0", "d0.0", "a0.0", "c0.0"}));
  EXPECT_EQ(samples.size(), 4u);
  for (const json& sample : samples) EXPECT_TRUE(sample.at("arm").is_null());  // of its case
}

TEST(SampleOrder, TimesTheFirstSeedOfThePromptsInBlocksThatAlternate) {
  const auto pair = [](const char* candidate, const char* reference) {
    return json{{"candidate", candidate}, {"reference", reference}};
  };
  // Three prompts with two seeds each, of which the first two prompts are timed, twice.
  const json comparisons = {{{"id", "x"},
                             {"pairs",
                              {pair("a", "b"), pair("-", "-"), pair("c", "d"), pair("-", "-"),
                               pair("-", "-"), pair("-", "-")}}}};
  const json samples = ordered_samples(kEnvironments, kCases, comparisons, json::array(),
                                       {.warmup = 0, .blocks = 2, .prompts = 2}, 2);
  EXPECT_EQ(
      order_of(samples, "timing"),
      (std::vector<std::string>{"b0.0", "a0.1", "a0.2", "b0.3", "c1.0", "d1.1", "d1.2", "c1.3",
                                "b2.0", "a2.1", "a2.2", "b2.3", "c3.0", "d3.1", "d3.2", "c3.3"}));
  std::set<std::string> ids;
  for (const json& sample : samples) ids.insert(sample.at("id"));
  EXPECT_EQ(ids.size(), samples.size());
}

// A clock that settles by 5 %, by a factor of e in two samples: with every block
// R C C R the candidate would look .6 % faster, in every block.
TEST(SampleOrder, LetsASettlingDriftHitBothArmsAlikeOverTwoBlocks) {
  const json comparisons = {{{"id", "x"}, {"pairs", {{{"candidate", "a"}, {"reference", "b"}}}}}};
  const json samples = ordered_samples(kEnvironments, kCases, comparisons, json::array(),
                                       {.blocks = 12, .prompts = 1}, 1);
  std::map<std::string, std::map<int, double>> times;
  for (const json& sample : samples)
    if (sample.at("kind") == "timing")
      times[sample.at("arm")][sample.at("block")] +=
          1 + .05 * std::exp(-sample.at("position").get<double>() / 2);
  double sum = 0, most = 0;
  for (const auto& [block, time] : times.at("candidate")) {
    const double ratio = std::log(time / times.at("reference").at(block));
    sum += ratio;
    most = std::max(most, std::abs(ratio));
  }
  EXPECT_GT(most, .004);
  EXPECT_NEAR(sum / 12, 0, 1e-12);
}

// Two comparisons and the reference against itself: a block of each, then the next of each.
TEST(SampleOrder, TimesComparisonsInRounds) {
  const auto row = [](const char* id, const char* candidate, const char* reference) {
    return json{{"id", id},
                {"environment", "e1"},
                {"pairs", {{{"candidate", candidate}, {"reference", reference}}}}};
  };
  const json samples =
      ordered_samples(kEnvironments, kCases, {row("x", "a", "b"), row("y", "c", "b")},
                      json::array({row("floor", "b", "b")}), {.blocks = 2, .prompts = 1}, 1);
  std::vector<std::string> blocks;
  for (const json& sample : samples)
    if (sample.at("kind") == "timing" && sample.at("position") == 0)
      blocks.push_back(sample.at("comparison").get<std::string>() + sample.at("block").dump());
  EXPECT_EQ(blocks, (std::vector<std::string>{"floor0", "x0", "y0", "floor1", "x1", "y1"}));
}

TEST(SampleOrder, TimesNoMorePromptsThanThereAre) {
  const json comparisons = {{{"id", "x"}, {"pairs", {{{"candidate", "a"}, {"reference", "b"}}}}}};
  const json samples = ordered_samples(kEnvironments, kCases, comparisons, json::array(),
                                       {.blocks = 1, .prompts = 3}, 1);
  EXPECT_EQ(order_of(samples, "timing").size(), 4u);
}

}  // namespace
}  // namespace sameseed
