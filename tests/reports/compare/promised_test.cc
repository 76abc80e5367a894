// What both plans promise and one run lacks.
#include "reports/compare/promised.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <tuple>

#include "io/error.h"
#include "io/files.h"
#include "io/json_schema.h"
#include "tests/reports/compare/synthetic_runs.h"

namespace sameseed {
namespace {

// What both plans promise, taken away from B.
Compared without(void (*take)(RawRun&)) {
  RawRun run = synthetic_run({.noise = 2});
  take(run);
  const RunFiles files_a = files_of(synthetic_run({.noise = 1})), files_b = files_of(run);
  const RunIndex a(files_a), b(files_b);
  return compare_runs(a, b, {}, {});
}

std::string first_shortfall(const Compared& compared) {
  return compared.shortfalls.empty() ? "" : compared.shortfalls.front().text;
}

TEST(Compare, MissesPicturesScoresAndBlocks) {
  const Compared crashed = without([](RawRun& run) {
    for (auto& [id, record] : run.samples)
      if (id.starts_with("q:on-")) record["outcome"] = "crashed";
    std::erase_if(run.scores, [](const auto& line) { return line.first.first.starts_with("on"); });
  });
  EXPECT_EQ(crashed.verdict.code, 7);
  EXPECT_EQ(first_shortfall(crashed),
            "conv half 1 against the reference: 12 of 12 pairs are missing in B (candidate "
            "crashed): \"cat 0\" seed 0, \"cat 1\" seed 0, \"cat 10\" seed 0 and 9 more");
  const Compared refused = without([](RawRun& run) {
    json& line = run.scores.at({"on-3", "r-3"});
    line.erase("values");
    line["refused"] = "no such picture";
  });
  EXPECT_EQ(refused.verdict.code, 7);
  EXPECT_NE(first_shortfall(refused).find("1 of 12 pairs are missing in B (refused by the scorer)"),
            std::string::npos);
  const Compared valueless = without([](RawRun& run) {
    run.scores.at({"on-3", "r-3"})["values"].erase("color.delta_e_mean");
  });
  EXPECT_EQ(valueless.verdict.code, 7);
  const Compared blocks = without([](RawRun& run) { run.samples.erase("on~r:3:1"); });
  EXPECT_EQ(blocks.verdict.code, 7);
  EXPECT_EQ(first_shortfall(blocks),
            "conv half 1 against the reference: 1 of 8 blocks are missing in B");
}

TEST(Compare, TellsNothingOfQualityWithoutScores) {
  const Compared unscored = without([](RawRun& run) {
    run.scorer.reset();
    run.scores.clear();
  });
  EXPECT_EQ(unscored.verdict.code, 5);
  EXPECT_NE(unscored.verdict.text.find("B was not scored"), std::string::npos);
}

TEST(Compare, IsInvalidWhereBlocksAre) {
  const Compared some =
      without([](RawRun& run) { run.samples.at("on~r:3:1")["invalid"] = {"throttled"}; });
  EXPECT_EQ(some.verdict.code, 6);
  EXPECT_EQ(some.verdict.word, "environment invalid");
  EXPECT_EQ(first_shortfall(some),
            "conv half 1 against the reference: 1 of 8 blocks of B are invalid, and not counted "
            "(throttled)");
  EXPECT_EQ(without([](RawRun& run) {
              for (auto& [id, record] : run.samples)
                if (id.starts_with("on~r:")) record["invalid"] = {"throttled"};
            }).verdict.code,
            6);
}

TEST(Compare, RefusesOtherNoiseAndOtherTokens) {
  for (const auto& [hash, words] :
       {std::pair{"noise", "not the same seeds: 12 pictures of B began with other noise"},
        {"token_ids", "not the same tokens: 12 prompts became other tokens in B"}}) {
    RawRun first = synthetic_run({.noise = 1}), second = synthetic_run({.noise = 2});
    for (RawRun* run : {&first, &second})
      for (auto& [id, record] : run->samples)
        record["hashes"][hash] = (run == &first ? "one" : "another") + id;
    const RunFiles files_a = files_of(first), files_b = files_of(second);
    const RunIndex a(files_a), b(files_b);
    const Compared result = compare_runs(a, b, {}, {});
    EXPECT_EQ(result.verdict.code, 6);
    EXPECT_TRUE(result.verdict.text.starts_with(words)) << result.verdict.text;
    EXPECT_TRUE(result.claims.empty());
    EXPECT_EQ(compare_runs(a, a, {}, {}).verdict.code, 0);
  }
}

TEST(Compare, DoesNotTakeUnknownNoiseOrTokensForTheSame) {
  for (const char* hash : {"noise", "token_ids"}) {
    RawRun without = synthetic_run({.noise = 2});
    for (auto& [id, record] : without.samples) record["hashes"].erase(hash);
    const RunFiles whole = files_of(synthetic_run({.noise = 1})), files = files_of(without);
    const RunIndex a(whole), b(files);
    for (const auto& [first, second, words] : {std::tuple{&a, &b, "B does not record from which"},
                                               {&b, &a, "A does not record from which"},
                                               {&b, &b, "A does not record from which"}}) {
      const Compared result = compare_runs(*first, *second, {}, {});
      EXPECT_EQ(result.verdict.code, 6);
      EXPECT_TRUE(result.verdict.text.starts_with(words)) << result.verdict.text;
      EXPECT_TRUE(result.claims.empty());
    }
  }
}

TEST(Compare, CarriesOverWhatMakesARunNoWholeOne) {
  const RunFiles files = files_of(synthetic_run({.noise = 1}));
  const RunIndex run(files);
  const Compared result = compare_runs(run, run, {.troubles_b = {{7, "a picture is broken"}}}, {});
  EXPECT_EQ(result.verdict.code, 7);
  EXPECT_EQ(first_shortfall(result), "B: a picture is broken");
  EXPECT_EQ(result.verdict.text.find("1 thing is missing, listed above"), 0u)
      << result.verdict.text;
}

TEST(Compare, IsNotZeroWhereASwitchDidNotActInEitherRun) {
  const RunFiles files = files_of(synthetic_run({.noise = 1}));
  const RunIndex run(files);
  const std::vector<Shortfall> idle = {{8, "conv half 1 did not act"}};
  for (const auto& [options, text] :
       {std::pair{CompareOptions{.varied = {}, .troubles_a = idle}, "A: conv half 1 did not act"},
        {CompareOptions{.varied = {}, .troubles_b = idle}, "B: conv half 1 did not act"}}) {
    const Compared result = compare_runs(run, run, options, {});
    EXPECT_EQ(result.verdict.code, 8);
    EXPECT_EQ(result.verdict.word, "a switch did not act");
    EXPECT_EQ(first_shortfall(result), text);
    std::ostringstream told;
    write_comparison(result, told);
    EXPECT_NE(told.str().find(std::string("did not act:\n  ") + text), std::string::npos);
    EXPECT_NO_THROW(check_json(
        compare_json(result),
        read_file(std::string(SAMESEED_SOURCE_DIR) + "/reports/schema/compare.schema.json"),
        "compare.json"));
  }
}

TEST(Compare, TakesNoRunAgainstItselfOrItsOwnSamples) {
  RawRun first = synthetic_run({.noise = 1}), second = synthetic_run({.noise = 2});
  for (auto& [id, record] : first.samples) record["start"] = "one";
  for (auto& [id, record] : second.samples) record["start"] = "two";
  const RunFiles files_a = files_of(first), files_b = files_of(second);
  EXPECT_EQ(compare_runs(RunIndex(files_a), RunIndex(files_b), {}, {}).verdict.code, 0);
  const Compared itself = compare_runs(RunIndex(files_a), RunIndex(files_a), {}, {});
  EXPECT_EQ(itself.verdict.code, 6);
  EXPECT_TRUE(itself.verdict.text.starts_with("this is the same run, or a copy of it: "))
      << itself.verdict.text;
  second.samples.begin()->second["start"] = "one";
  const RunFiles merged = files_of(second);
  const Compared shared = compare_runs(RunIndex(files_a), RunIndex(merged), {}, {});
  EXPECT_EQ(shared.verdict.code, 6);
  EXPECT_TRUE(shared.verdict.text.starts_with("the runs share samples: 1 of "))
      << shared.verdict.text;
}

}  // namespace
}  // namespace sameseed
