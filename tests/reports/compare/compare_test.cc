// Two runs of one sweep, made by a seeded generator: equal ones, slower ones, worse ones.
#include "reports/compare/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <sstream>

#include "io/error.h"
#include "io/files.h"
#include "io/json_schema.h"
#include "reports/compare/cohort_difference.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kBlocks = 8;

// What of a synthetic run is planted.
struct Planted {
  std::uint64_t noise = 1;  // seed of all that varies from run to run
  double slower = 1;        // factor on every time
  double megahertz = 1980;  // SM clock; times are those of so many cycles
  double clock_noise = 0;   // of its readings, not of the clock
  double on_slower = 1;     // factor on the times of the setting with the switch on
  int clocked = 4;          // of the four samples of a block, so many tell the clock
  double delta_e = 0;       // added to the candidate's with the switch on
  double lpips_of_on = 0;   // added to what the switch costs
  double on_worse = 1;      // factor on its losses, each pair's by its own: sd of the log 0.25
  double score_noise = 0.03;
  int prompts = 12, seeds = 1;
  std::string driver = "580.95";
};

// small_run() with 12 prompts, 8 blocks a setting, a GPU, floors, and noise on every score and
// time: 3 % of a loss, 0.5 % of a time (a quiet GPU's spread from block to block).
RawRun synthetic_run(const Planted& planted) {
  RawRun run = small_run();
  json& plan = run.plan;
  plan["cases"] = plan["samples"] = plan["comparisons"] = json::array();
  run.samples.clear();
  run.scores.clear();
  std::mt19937_64 random(planted.noise);
  std::normal_distribution<double> normal;
  json pairs_off = json::array(), pairs_on = json::array(), pairs_onoff = json::array(),
       floor_candidate = json::array(), floor_reference = json::array();
  const auto prompt_of = [&](int i) { return "cat " + std::to_string(i / planted.seeds); };
  const auto pair = [&](const std::string& candidate, const std::string& reference, int i) {
    return json{{"candidate", candidate},
                {"reference", reference},
                {"prompt", prompt_of(i)},
                {"seed", i % planted.seeds}};
  };
  const auto score = [&](const std::string& candidate, const std::string& reference, double lpips,
                         double delta_e) {
    json line =
        pair_scores(candidate, reference, 40, lpips * (1 + planted.score_noise * normal(random)));
    line["values"]["color.delta_e_mean"] = delta_e * (1 + planted.score_noise * normal(random));
    run.scores[{candidate, reference}] = line;
  };
  for (int seed = 0; seed < planted.prompts * planted.seeds; ++seed) {
    const std::string s = "-" + std::to_string(seed);
    for (const auto& [name, environment] :
         {std::pair{"r", "er"}, {"off", "e0"}, {"on", "e1"}, {"r2", "er"}, {"off2", "e0"}})
      plan["cases"].push_back(
          {{"id", name + s},
           {"environment", environment},
           {"request", {{"prompt", prompt_of(seed)}, {"seed", seed % planted.seeds}}}});
    pairs_off.push_back(pair("off" + s, "r" + s, seed));
    pairs_on.push_back(pair("on" + s, "r" + s, seed));
    pairs_onoff.push_back(pair("on" + s, "off" + s, seed));
    floor_candidate.push_back(pair("off2" + s, "off" + s, seed));
    floor_reference.push_back(pair("r2" + s, "r" + s, seed));
    // How hard the picture is: of no run.
    const double prompt = 1 + 0.3 * std::sin(seed / planted.seeds);
    const double worse =
        planted.on_worse == 1 ? 1 : planted.on_worse * std::exp(0.25 * normal(random));
    score("off" + s, "r" + s, 0.02 * prompt, 0.3 * prompt);
    score("on" + s, "r" + s, 0.1 * prompt * worse + planted.lpips_of_on,
          0.8 * prompt * worse + planted.delta_e);
    score("on" + s, "off" + s, 0.09 * prompt + planted.lpips_of_on, 0.7 * prompt + planted.delta_e);
    score("off2" + s, "off" + s, 0.001, 0.02);
    score("r2" + s, "r" + s, 0.001, 0.02);
  }
  const auto comparison = [](const char* id, const char* kind, const char* value, json pairs) {
    return json{{"id", id}, {"kind", kind}, {"setting", {{kConvAxis, value}}}, {"pairs", pairs}};
  };
  plan["comparisons"] = {comparison("off~r", "reference", "0", pairs_off),
                         comparison("on~r", "reference", "1", pairs_on),
                         comparison("on~off", "switches_off", "1", pairs_onoff)};
  plan["floor"] = {
      {{"id", "fc"}, {"arm", "candidate"}, {"kind", "second process"}, {"pairs", floor_candidate}},
      {{"id", "fr"}, {"arm", "reference"}, {"kind", "second process"}, {"pairs", floor_reference}}};
  const auto sample = [&](const json& planned, double ms) {
    json record = good_record(planned);
    record["engagement"]["choices"] = {
        {"conv 3x3", {{"algorithm", "engine of " + planted.driver}}}};
    if (planned.at("position") < planted.clocked)
      record["device"] = {
          {"after", {{"sm_mhz", planted.megahertz * (1 + planted.clock_noise * normal(random))}}}};
    for (const char* name : {"total", "decode"}) record["timings_ms"][name] = ms;
    record["timings_ms"]["steps"] = {ms, ms};
    run.samples[planned.at("id")] = record;
    plan["samples"].push_back(planned);
  };
  for (const json& one : plan.at("cases"))
    sample({{"id", "q:" + one.at("id").get<std::string>()},
            {"case", one.at("id")},
            {"kind", "quality"},
            {"comparison", nullptr},
            {"block", 0},
            {"position", 0},
            {"arm", "candidate"}},
           90);
  for (const auto& [id, name, ms] : {std::tuple{"off~r", "off-0", 90.0}, {"on~r", "on-0", 80.0}})
    for (int block = 0; block < kBlocks; ++block)
      for (int position = 0; position < 4; ++position) {
        const bool candidate = position == 1 || position == 2;
        const double cycles = (candidate ? ms : 100.0) * (1 + 0.005 * normal(random));
        sample(
            {{"id", id + std::string(":") + std::to_string(block) + ":" + std::to_string(position)},
             {"case", candidate ? name : "r-0"},
             {"kind", "timing"},
             {"comparison", id},
             {"block", block},
             {"position", position},
             {"arm", candidate ? "candidate" : "reference"}},
            cycles * planted.slower * (candidate && name[1] == 'n' ? planted.on_slower : 1) * 1980 /
                planted.megahertz);
      }
  (*run.scorer)["metrics"].push_back({{"name", "color.delta_e_mean"},
                                      {"unit", "CIEDE2000"},
                                      {"better", "lower"},
                                      {"identical", 0},
                                      {"definition", "mean"}});
  run.starts[0]["cohort"]["devices"] = {{{"name", "H100"},
                                         {"driver", planted.driver},
                                         {"cuda", planted.driver.substr(0, 2)},
                                         {"nvml", planted.driver}}};
  return run;
}

// B's pictures against A's: as far apart as two processes of one run, and `delta_e` more.
AcrossScores across(const RunIndex& a, const RunIndex& b, std::uint64_t noise, double delta_e = 0) {
  std::mt19937_64 random(noise);
  std::normal_distribution<double> normal;
  AcrossScores scores;
  for (const SamePicture& one : same_pictures(a, b)) {
    json line = pair_scores(one.b, one.a, 60, 0.001 * (1 + 0.03 * normal(random)));
    line["values"].erase("psnr.rgb");
    line["values"]["color.delta_e_mean"] =
        0.02 * (1 + 0.03 * normal(random)) + (one.a.starts_with("on") ? delta_e : 0);
    scores[{one.b, one.a}] = parse_pair_scores(line);
  }
  return scores;
}

Compared compared_runs(const Planted& first, const Planted& second,
                       const std::vector<std::string>& varied = {}) {
  const RunFiles files_a = files_of(synthetic_run(first)),
                 files_b = files_of(synthetic_run(second));
  const RunIndex a(files_a), b(files_b);
  return compare_runs(a, b, {.varied = varied},
                      across(a, b, first.noise * 1000 + second.noise, second.delta_e));
}

// As compare.json has it.
json compared(const Planted& first, const Planted& second,
              const std::vector<std::string>& varied = {}) {
  return compare_json(compared_runs(first, second, varied));
}

// Claims of a kind with a reading: how many.
int count(const json& result, const std::string& about, const std::string& reading) {
  int found = 0;
  for (const json& claim : result.at("claims"))
    found += claim.at("about") == about && claim.at("reading") == reading;
  return found;
}

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

TEST(Compare, DropsInvalidBlocksWithAWord) {
  const Compared some =
      without([](RawRun& run) { run.samples.at("on~r:3:1")["invalid"] = {"throttled"}; });
  EXPECT_EQ(some.verdict.code, 0);
  EXPECT_EQ(first_shortfall(some),
            "conv half 1 against the reference: 1 of 8 blocks of B are invalid, and not counted "
            "(throttled)");
  EXPECT_EQ(without([](RawRun& run) {
              for (auto& [id, record] : run.samples)
                if (id.starts_with("on~r:")) record["invalid"] = {"throttled"};
            }).verdict.code,
            5);
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

TEST(Compare, CarriesOverWhatMakesARunNoWholeOne) {
  const RunFiles files = files_of(synthetic_run({.noise = 1}));
  const RunIndex run(files);
  const Compared result = compare_runs(run, run, {.troubles_b = {"a picture is broken"}}, {});
  EXPECT_EQ(result.verdict.code, 7);
  EXPECT_EQ(first_shortfall(result), "B: a picture is broken");
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

TEST(Compare, CannotTellFromTooFewPairs) {
  RawRun other = small_run();
  other.scores.at({"on-0", "r-0"})["values"]["lpips.alex"] = 0.11;
  for (auto& [id, record] : other.samples) record["timings_ms"]["total"] = 81;
  const RunFiles files_a = files_of(small_run()), files_b = files_of(other);
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

TEST(Compare, KeepsToItsSchema) {
  const std::string schema =
      read_file(std::string(SAMESEED_SOURCE_DIR) + "/reports/schema/compare.schema.json");
  for (const json& result : {compared({.noise = 1}, {.noise = 2, .delta_e = 1}),
                             compared({.noise = 1}, {.noise = 2, .slower = 1.03, .clocked = 2}),
                             compared({.noise = 1}, {.noise = 2, .megahertz = 1900}),
                             compared({.noise = 1}, {.noise = 2, .driver = "590.10"})})
    EXPECT_NO_THROW(check_json(result, schema, "compare.json"));
}

TEST(CohortDifferences, RefuseAFieldThatNoCohortHas) {
  const json cohort = {{"host", {{"cpu", "a"}, {"kernel", "6"}}}};
  try {
    cohort_differences(cohort, cohort, {"driver"});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(
        error.what(),
        "--vary driver: neither run's cohort has such a field; fields are host.cpu, host.kernel");
  }
}

TEST(CohortDifferences, NameWhatOneSideLacksOnce) {
  const json a = {{"workers", {{"x", {{"files", {"f"}}, {"versions", {{"v", 1}}}}}}}},
             b = {{"workers", json::object()}};
  const auto list = cohort_differences(a, b, {});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].field, "workers.x");
}

TEST(CohortDifferences, AreThereWhereNeitherRunKnows) {
  const json cohort = {{"workers", {{"x", {{"files", "not recorded"}, {"versions", {{"v", 1}}}}}}}};
  const auto list = cohort_differences(cohort, cohort, {});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].field, "workers.x.files");
}

TEST(CohortDifferences, TakeAFieldForWholeWords) {
  const json a = {{"host", {{"cpu", "a"}, {"cpu_count", 1}}}},
             b = {{"host", {{"cpu", "b"}, {"cpu_count", 2}}}};
  const auto list = cohort_differences(a, b, {"cpu"});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].allowed, "varied");
  EXPECT_EQ(list[1].allowed, "");
  EXPECT_EQ(cohort_differences(a, b, {"host"})[1].allowed, "varied");
}

}  // namespace
}  // namespace sameseed
