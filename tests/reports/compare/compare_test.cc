// What is claimed of two runs that are equal, slower or worse.
#include "reports/compare/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "io/error.h"
#include "io/files.h"
#include "io/json_schema.h"
#include "tests/reports/compare/synthetic_runs.h"

namespace sameseed {
namespace {

TEST(Compare, ShowsNoDifferenceBetweenTenPairsOfEqualRuns) {
  for (std::uint64_t i = 0; i < 10; ++i) {
    const json result = compared({.noise = 2 * i + 1}, {.noise = 2 * i + 2});
    EXPECT_EQ(result.at("verdict").at("word"), "not worse") << i << result.at("claims").dump(1);
    EXPECT_EQ(result.at("verdict").at("code"), 0) << i;
    EXPECT_GT(result.at("rules").at("claims"), 20);
  }
}

// 4 is beyond the 99.8 % quantile of Binomial(50, 0.01).
TEST(Compare, KeepsToItsFamilyWiseRate) {
  int wrong = 0;
  for (std::uint64_t i = 0; i < 50; ++i)
    wrong +=
        compared({.noise = 1000 + 2 * i}, {.noise = 1001 + 2 * i}).at("verdict").at("code") != 0;
  EXPECT_LT(wrong, 4);
}

TEST(Compare, TakesOneSettingsDoubledLossesForWorseOrCannotTell) {
  for (const int prompts : {6, 12, 48})
    for (std::uint64_t i = 0; i < 4; ++i) {
      const json result = compared({.noise = 2 * i + 1, .prompts = prompts},
                                   {.noise = 2 * i + 2, .on_worse = 2, .prompts = prompts});
      EXPECT_EQ(result.at("verdict").at("code"), prompts < 8 ? 5 : 2) << prompts << " " << i;
      if (prompts >= 8) {
        EXPECT_EQ(count(result, "own reference", "worse"), 2) << prompts;
      }
    }
}

TEST(Compare, SaysHowManyPromptsWouldTell) {
  const Compared few = compared_runs({.noise = 1, .prompts = 6}, {.noise = 2, .prompts = 6});
  EXPECT_EQ(few.verdict.code, 5);
  EXPECT_NE(few.verdict.text.find("8 prompts or more may tell"), std::string::npos)
      << few.verdict.text;
  const Compared noisy =
      compared_runs({.noise = 1, .score_noise = 0.6}, {.noise = 2, .score_noise = 0.6});
  EXPECT_EQ(noisy.verdict.code, 5);
  for (const Claim& claim : noisy.claims)
    if (claim.about == About::kOwnReference && claim.reading == "inconclusive") {
      EXPECT_GT(claim.needed.value_or(0), 12);
      EXPECT_GT(claim.smallest_shown.value_or(0), 0);
    }
  std::ostringstream text;
  write_comparison(noisy, text);
  EXPECT_NE(text.str().find("% of A's loss"), std::string::npos) << text.str();
}

// Seeds of a prompt are one observation, and so are prompts of equal tokens.
TEST(Compare, CountsPromptsAndNotTheirSeeds) {
  const Compared seeds =
      compared_runs({.noise = 1, .prompts = 4, .seeds = 6}, {.noise = 2, .prompts = 4, .seeds = 6});
  EXPECT_EQ(seeds.verdict.code, 5);
  for (const Claim& claim : seeds.claims)
    if (claim.about == About::kOwnReference) {
      EXPECT_EQ(claim.difference.n, 4u);
    }
  RawRun first = synthetic_run({.noise = 1}), second = synthetic_run({.noise = 2});
  for (RawRun* run : {&first, &second})
    for (auto& [id, record] : run->samples)
      if (record.at("kind") == "quality") record["hashes"]["token_ids"] = "the same";
  const RunFiles files_a = files_of(first), files_b = files_of(second);
  const RunIndex a(files_a), b(files_b);
  for (const Claim& claim : compare_runs(a, b, {}, {}).claims)
    if (claim.about == About::kOwnReference) {
      EXPECT_EQ(claim.difference.n, 1u);
    }
}

// An engine that ignored the prompt in one of the runs made one picture of two prompts.
TEST(Compare, CountsPicturesOnceThatAreEqualToTheByte) {
  RawRun first = synthetic_run({.noise = 1});
  for (auto& [id, record] : first.samples)
    for (const char* arm : {"r", "off", "on"})
      if (record.at("case") == std::string(arm) + "-0" ||
          record.at("case") == std::string(arm) + "-1")
        record["files"]["image"] = std::string("the picture of ") + arm;
  const RunFiles files_a = files_of(first), files_b = files_of(synthetic_run({.noise = 2}));
  const RunIndex a(files_a), b(files_b);
  for (const Claim& claim : compare_runs(a, b, {}, {}).claims)
    if (claim.about == About::kOwnReference && claim.measure == "lpips.alex") {
      EXPECT_EQ(claim.difference.n, 11u);
    }
}

// Prompts whose losses differ tenfold leave the difference of both means unsure, and their ratio
// sure.
TEST(Compare, TellsTheIntervalOfADifferenceFromThatOfARatio) {
  std::map<std::size_t, LossesOfPrompt> losses;
  for (std::size_t prompt = 0; prompt < 12; ++prompt) {
    const double loss = 0.02 * static_cast<double>(prompt + 1);
    losses[prompt] = {.a = loss, .b = 1.1 * loss + (prompt % 2 == 0 ? 0.001 : -0.001)};
  }
  const Claim claim = judge_rows(
      {score_row({.about = About::kOwnReference}, losses, {.relative = 0.25, .absolute = 0})},
      12)[0];
  EXPECT_EQ(claim.reading, "not worse");
  EXPECT_NEAR(claim.difference.value, 0.013, 1e-9);  // a tenth of 0.13
  ASSERT_TRUE(claim.difference.interval && claim.relative && claim.relative->interval);
  // Student's t of 12 differences with a spread of 0.0072: 0.013 -+ 0.0037, no narrower.
  EXPECT_LT(claim.difference.interval->low, 0.0094);
  EXPECT_GT(claim.difference.interval->high, 0.0166);
  EXPECT_NEAR(claim.relative->value, 0.1, 1e-9);
  EXPECT_GT(claim.relative->interval->low, 0.09);
  EXPECT_LT(claim.relative->interval->high, 0.11);
}

TEST(Compare, HoldsScoresAgainstTheMarginThatIsAskedFor) {
  const RunFiles files_a = files_of(synthetic_run({.noise = 1})),
                 files_b = files_of(synthetic_run({.noise = 2, .lpips_of_on = 0.03}));
  const RunIndex a(files_a), b(files_b);
  EXPECT_EQ(compare_runs(a, b, {}, {}).verdict.code, 2);  // 30 % of 0.1
  CompareOptions wider;
  add_score_margin("lpips.alex=40%", wider.score_margins);
  EXPECT_EQ(compare_runs(a, b, wider, {}).verdict.code, 0);
  CompareOptions absolute;
  add_score_margin("lpips.alex=0.04", absolute.score_margins);
  EXPECT_EQ(compare_runs(a, b, absolute, {}).verdict.code, 0);
  for (const char* wrong : {"lpips.alex", "lpips.alex=x", "lpips.alex=-1", "nonsense=1", "=1"})
    EXPECT_THROW(add_score_margin(wrong, absolute.score_margins), UserError) << wrong;
  EXPECT_EQ(parse_time_margin("2%"), 0.02);
  EXPECT_THROW(parse_time_margin("-1"), UserError);
}

TEST(Compare, FindsAPlantedSlowdownOfThreePercent) {
  const json result =
      compared({.noise = 1}, {.noise = 2, .slower = 1.03, .driver = "590.10"}, {"driver"});
  EXPECT_EQ(result.at("verdict").at("code"), 3);
  EXPECT_GT(count(result, "speed", "slower"), 0);
  EXPECT_GT(count(result, "cycles", "slower"), 0);
  EXPECT_EQ(count(result, "own reference", "worse"), 0);
  EXPECT_EQ(count(result, "switch", "slower"), 0);  // both arms are slower: no switch became dearer
}

// What causes it does not make it faster.
TEST(Compare, NamesAnotherClockAsTheCauseOfASlowdown) {
  const json result = compared({.noise = 1}, {.noise = 2, .megahertz = 1900});
  EXPECT_EQ(result.at("verdict").at("code"), 3);
  EXPECT_GT(count(result, "speed", "slower"), 0);
  EXPECT_EQ(count(result, "cycles", "slower"), 0);
  for (const json& claim : result.at("claims"))
    if (claim.at("reading") == "slower") {
      EXPECT_EQ(claim.value("cause", ""), "another clock") << claim.dump(1);
    }
  EXPECT_EQ(result.at("clocks").at("b"), 1900);
}

TEST(Compare, IsNotMisledByNoisyReadingsOfTheClock) {
  for (std::uint64_t i = 0; i < 6; ++i) {
    const json result = compared({.noise = 2 * i + 1, .clock_noise = 0.03},
                                 {.noise = 2 * i + 2, .clock_noise = 0.03, .on_slower = 1.05});
    EXPECT_EQ(result.at("verdict").at("code"), 3) << i;
    for (const json& claim : result.at("claims")) EXPECT_EQ(claim.value("cause", ""), "") << i;
  }
}

TEST(Compare, MakesNoClaimInCyclesWhereSomeSamplesTellNoClock) {
  const json result = compared({.noise = 1}, {.noise = 2, .slower = 1.03, .clocked = 2});
  EXPECT_EQ(result.at("verdict").at("code"), 3);  // by its time alone
  for (const json& claim : result.at("claims")) EXPECT_NE(claim.at("about"), "cycles");
}

// A driver that is slower on a faster clock takes the same time and more cycles.
TEST(Compare, SeesASlowdownThatAFasterClockHides) {
  const json result = compared({.noise = 1, .megahertz = 1900},
                               {.noise = 2, .slower = 1980 / 1900.0, .megahertz = 1980});
  EXPECT_EQ(result.at("verdict").at("code"), 3);
  EXPECT_GT(count(result, "cycles", "slower"), 0);
}

TEST(Compare, FindsAPlantedDeltaEOfOneInBothQuestionsAndNamesTheSwitch) {
  const json result = compared({.noise = 1}, {.noise = 2, .delta_e = 1});
  EXPECT_EQ(result.at("verdict").at("code"), 2);
  for (const auto& [about, reading] : {std::pair{"pictures", "beyond the floor"},
                                       {"own reference", "worse"},
                                       {"switch", "worse"}}) {
    EXPECT_GT(count(result, about, reading), 0) << about;
    for (const json& claim : result.at("claims"))
      if (claim.at("about") == about && claim.at("reading") == reading) {
        EXPECT_EQ(claim.at("measure"), "color.delta_e_mean");
      }
  }
}

TEST(Compare, HoldsDifferentPicturesAgainstNothingWithoutAFloor) {
  RawRun without_floor = synthetic_run({.noise = 2});
  without_floor.plan.erase("floor");
  const RunFiles files_a = files_of(synthetic_run({.noise = 1})), files_b = files_of(without_floor);
  const RunIndex a(files_a), b(files_b);
  const json result = compare_json(compare_runs(a, b, {}, across(a, b, 3, 1)));
  EXPECT_GT(count(result, "pictures", "different, no floor was measured"), 0);
  EXPECT_EQ(count(result, "pictures", "beyond the floor"), 0);
  EXPECT_EQ(result.at("verdict").at("code"), 0);
}

TEST(Compare, CallsAnyDifferenceRealWhereTheFloorIsZero) {
  RawRun run = synthetic_run({.noise = 1});
  for (auto& [pair, line] : run.scores)
    if (pair.first.find('2') == pair.first.find('-') - 1 &&
        pair.first.find('2') != std::string::npos)
      line["values"] = {{"lpips.alex", 0.0}, {"color.delta_e_mean", 0.0}};
  const RunFiles files = files_of(run);
  const RunIndex a(files), b(files);
  AcrossScores equal = across(a, b, 3);
  for (auto& [pair, line] : equal) line.values = {{"lpips.alex", 0.0}, {"color.delta_e_mean", 0.0}};
  const json none = compare_json(compare_runs(a, b, {}, equal));
  EXPECT_EQ(none.at("verdict").at("differences"), 0);
  EXPECT_EQ(count(none, "pictures", "equal"), 6);  // three arms, two metrics with values
  equal.begin()->second.values["color.delta_e_mean"] = 1e-4;
  EXPECT_EQ(compare_runs(a, b, {}, equal).verdict.differences, 1u);
}

TEST(Compare, RefusesRunsThatDifferInWhatWasNotVaried) {
  const Compared result = compared_runs({.noise = 1}, {.noise = 2, .driver = "590.10"});
  EXPECT_EQ(result.verdict.code, 6);
  EXPECT_TRUE(result.claims.empty());
  std::ostringstream text;
  write_comparison(result, text);
  EXPECT_NE(text.str().find("devices.0.driver"), std::string::npos);
  EXPECT_NE(text.str().find("NOT VARIED"), std::string::npos);
}

TEST(Compare, RefusesARunWhoseOwnStartsDisagree) {
  RawRun moved = synthetic_run({.noise = 2});
  moved.starts.push_back(moved.starts[0]);
  moved.starts[1]["cohort"]["host"]["cpu"] = "another";
  moved.starts.push_back(moved.starts[0]);
  const RunFiles files_a = files_of(synthetic_run({.noise = 1})), files_b = files_of(moved);
  const RunIndex a(files_a), b(files_b);
  EXPECT_EQ(compare_runs(a, b, {}, {}).verdict.code, 6);
}

TEST(Compare, AllowsWhatADriverBringsAlongAndSaysWhy) {
  const json result = compared({.noise = 1}, {.noise = 2, .driver = "590.10"}, {"driver"});
  EXPECT_EQ(result.at("verdict").at("code"), 0);
  std::map<std::string, std::string> allowed;
  for (const json& one : result.at("cohort").at("differences"))
    allowed[one.at("field")] = one.at("allowed");
  EXPECT_EQ(allowed.at("devices.0.driver"), "varied");
  EXPECT_EQ(allowed.at("devices.0.cuda"),
            "comes with driver: the newest CUDA version is the driver's");
  EXPECT_EQ(allowed.at("algorithms.conv 3x3"),
            "comes with driver: algorithms are searched anew for each driver");
  EXPECT_EQ(allowed.at("devices.0.nvml"), "comes with driver: NVML is a part of the driver");
  EXPECT_EQ(allowed.size(), 4u);
}

TEST(Compare, AllowsAnotherLibraryWhereThatIsWhatWasVaried) {
  const json refused = compared({.noise = 1}, {.noise = 2, .libtorch = "2.10.0"});
  EXPECT_EQ(refused.at("verdict").at("code"), 6);
  const json result =
      compared({.noise = 1}, {.noise = 2, .libtorch = "2.10.0", .cudnn = "91002"}, {"libtorch"});
  EXPECT_EQ(result.at("verdict").at("code"), 0) << result.at("verdict").dump();
  int varied = 0, brought = 0;
  for (const json& one : result.at("cohort").at("differences")) {
    varied += one.at("allowed") == "varied" && one.at("a") == "2.11.0" && one.at("b") == "2.10.0";
    brought += one.at("allowed") == "comes with libtorch: its wheel brings cuDNN";
  }
  EXPECT_EQ(varied, 2);   // of the candidate's and of the reference's workers
  EXPECT_EQ(brought, 2);  // the same
  const json cudnn = compared({.noise = 1}, {.noise = 2, .cudnn = "92400"}, {"cudnn"});
  EXPECT_EQ(cudnn.at("verdict").at("code"), 0) << cudnn.at("verdict").dump();
}

TEST(Compare, HoldsPicturesAgainstEachOtherWhereAKeptVariableWasVaried) {
  RawRun first = synthetic_run({.noise = 1}), second = synthetic_run({.noise = 2});
  for (const auto& [run, value] : {std::pair{&first, "AVX2"}, {&second, "AVX512"}}) {
    run->starts[0]["cohort"]["variables"] = {{"ISA", value}};
    for (json& environment : run->plan["environments"]) environment["variables"]["ISA"] = value;
  }
  const RunFiles files_a = files_of(first), files_b = files_of(second);
  const RunIndex a(files_a), b(files_b);
  EXPECT_EQ(same_pictures(a, b).size(), 3u * 12u);
  EXPECT_EQ(compare_runs(a, b, {.varied = {"variables"}}, across(a, b, 1)).verdict.code, 0);
}

TEST(Compare, RefusesAPairInWhichNothingWasVaried) {
  const Compared libtorch = compared_runs({.noise = 1}, {.noise = 2}, {"libtorch"});
  EXPECT_EQ(libtorch.verdict.code, 6);
  EXPECT_TRUE(libtorch.claims.empty());
  EXPECT_EQ(libtorch.verdict.text,
            "libtorch was not varied: it is 2.11.0 in both runs; leave out --vary libtorch to hold "
            "two equal ones against each other");
  EXPECT_EQ(compared_runs({.noise = 1}, {.noise = 2}, {"driver"}).verdict.code, 6);
  // One that differs does not speak for the other.
  const Compared other =
      compared_runs({.noise = 1}, {.noise = 2, .libtorch = "2.10.0"}, {"libtorch", "cudnn"});
  EXPECT_EQ(other.verdict.code, 6);
  EXPECT_EQ(other.not_varied, std::vector<std::string>{"cudnn"});
}

// What was asked for proves nothing: both runs' workers have to tell.
TEST(Compare, RefusesALibraryThatOneRunDoesNotTell) {
  const Compared result =
      compared_runs({.noise = 1, .libtorch = ""}, {.noise = 2, .libtorch = "2.10.0"}, {"libtorch"});
  EXPECT_EQ(result.verdict.code, 6);
  EXPECT_EQ(result.not_varied, std::vector<std::string>{"libtorch"});
  EXPECT_FALSE(result.comparable);
}

TEST(Compare, RefusesAnotherDriverBesideAnotherLibrary) {
  const Compared result = compared_runs(
      {.noise = 1}, {.noise = 2, .driver = "590.10", .libtorch = "2.10.0"}, {"libtorch"});
  EXPECT_EQ(result.verdict.code, 6);
  EXPECT_EQ(result.verdict.text, "the cohorts differ in what was not varied");
  for (const CohortDifference& one : result.differences)  // cuda is the driver's here
    EXPECT_EQ(one.allowed.empty(), one.field.starts_with("devices.")) << one.field;
}

// A library that differs in what is measured may not differ in what measures it.
TEST(Compare, RefusesScoresThatTwoLibrariesComputed) {
  const Planted first = {.noise = 1, .lpips_by = "LibTorch 2.11.0"};
  const Compared result = compared_runs(
      first, {.noise = 2, .libtorch = "2.10.0", .lpips_by = "LibTorch 2.10.0"}, {"libtorch"});
  EXPECT_EQ(result.verdict.code, 6);
  EXPECT_EQ(result.verdict.text,
            "lpips.alex was computed by LibTorch 2.11.0 in A and by LibTorch 2.10.0 in B: one "
            "program has to score both (`sameseed score` again, after scores.jsonl of one of them "
            "is removed)");
  EXPECT_EQ(compared_runs(first, {.noise = 2, .lpips_by = "LibTorch 2.11.0"}).verdict.code, 0);
  EXPECT_EQ(compared_runs(first, {.noise = 2}).verdict.code, 0);  // an older one does not tell
}

TEST(Compare, CannotTellFromTooFewPairs) {
  RawRun run = small_run();
  for (auto& [id, record] : run.samples)
    record["hashes"]["noise"] = record["hashes"]["token_ids"] = "the same";
  RawRun other = run;
  other.scores.at({"on-0", "r-0"})["values"]["lpips.alex"] = 0.11;
  for (auto& [id, record] : other.samples) record["timings_ms"]["total"] = 81;
  const RunFiles files_a = files_of(run), files_b = files_of(other);
  const RunIndex a(files_a), b(files_b);
  EXPECT_EQ(compare_runs(a, b, {}, {}).verdict.code, 5);
}

TEST(Compare, PairsPicturesWhereverTheirModelLies) {
  const RunFiles files_a = files_of(synthetic_run({.noise = 1}));
  RawRun moved = synthetic_run({.noise = 2});
  for (json& one : moved.plan["environments"]) one["load"]["model"] = "/elsewhere/nano";
  const RunFiles files_b = files_of(moved);
  EXPECT_EQ(same_pictures(RunIndex(files_a), RunIndex(files_b)).size(), 3u * 12);
  moved.plan["environments"][2]["variables"][kConv] = "unheard of";
  const RunFiles files_c = files_of(moved);
  EXPECT_EQ(same_pictures(RunIndex(files_a), RunIndex(files_c)).size(), 2u * 12);
}

TEST(Compare, LeavesOutAlgorithmsThatOnlyTheFloorsOtherProcessTook) {
  // It searches anew on purpose, and may find others in each run.
  RawRun run = synthetic_run({.noise = 2});
  for (auto& [id, record] : run.samples)
    if (record.at("case") == "off2-0")
      record["engagement"]["choices"] = {{"conv 3x3", {{"algorithm", "another engine"}}}};
  const RunFiles files_a = files_of(synthetic_run({.noise = 1})), files_b = files_of(run);
  EXPECT_EQ(comparable_cohort(RunIndex(files_a)), comparable_cohort(RunIndex(files_b)));
}

TEST(Compare, KeepsToItsSchema) {
  const std::string schema =
      read_file(std::string(SAMESEED_SOURCE_DIR) + "/reports/schema/compare.schema.json");
  for (const json& result : {compared({.noise = 1}, {.noise = 2, .delta_e = 1}),
                             compared({.noise = 1}, {.noise = 2, .slower = 1.03, .clocked = 2}),
                             compared({.noise = 1}, {.noise = 2, .megahertz = 1900}),
                             compared({.noise = 1}, {.noise = 2, .driver = "590.10"})})
    EXPECT_NO_THROW(check_json(result, schema, "compare.json"));
}

}  // namespace
}  // namespace sameseed
