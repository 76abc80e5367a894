#include "reports/judge/recommend.h"

#include <gtest/gtest.h>

#include <random>

#include "io/error.h"
#include "reports/summary/summary.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

struct Times {
  double off = 90, on = 80;  // ms; the reference takes 100
  int blocks = 6;
  double noise = 0;  // of each sample, as a part of it
};

// small_run() with eight prompts and with times for "off" too. LPIPS of off is 0.01 and a little,
// of on 0.1 and a little.
RawRun eight_pairs(double off = 0.01, double on = 0.1, const Times& times = {}) {
  RawRun run = small_run();
  for (json& comparison : run.plan["comparisons"]) comparison["pairs"] = json::array();
  for (int seed = 0; seed < 8; ++seed) {
    const std::string s = std::to_string(seed);
    for (const auto& [arm, environment] : {std::pair{"r-", "er"}, {"off-", "e0"}, {"on-", "e1"}}) {
      const std::string id = arm + s;
      if (seed >= 2) {
        run.plan["cases"].push_back({{"id", id},
                                     {"environment", environment},
                                     {"request", {{"prompt", "cat " + s}, {"seed", 0}}}});
        run.plan["samples"].push_back({{"id", "q:" + id},
                                       {"case", id},
                                       {"kind", "quality"},
                                       {"comparison", nullptr},
                                       {"block", 0},
                                       {"position", 0},
                                       {"arm", "candidate"}});
        run.samples["q:" + id] = good_record(run.plan["samples"].back());
      }
    }
    const double wobble = 1 + 0.01 * seed;
    for (const auto& [place, candidate, reference, lpips] :
         {std::tuple{0, "off-" + s, "r-" + s, off * wobble},
          {1, "on-" + s, "r-" + s, on * wobble},
          {2, "on-" + s, "off-" + s, on * wobble}}) {
      run.plan["comparisons"][static_cast<std::size_t>(place)]["pairs"].push_back(
          {{"candidate", candidate},
           {"reference", reference},
           {"prompt", "cat " + s},
           {"seed", 0}});
      run.scores[{candidate, reference}] = pair_scores(candidate, reference, 40, lpips);
    }
  }
  std::erase_if(run.samples, [](const auto& entry) { return entry.second.at("kind") == "timing"; });
  json& samples = run.plan["samples"];
  json others = json::array();
  for (const json& sample : samples)
    if (sample.at("kind") != "timing") others.push_back(sample);
  samples = others;
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  for (const auto& [name, ms] : {std::pair{"off", times.off}, {"on", times.on}})
    for (int block = 0; block < times.blocks; ++block)
      for (int position = 0; position < 4; ++position) {
        const bool candidate = position == 1 || position == 2;
        const std::string id =
            std::string(name) + ":" + std::to_string(block) + ":" + std::to_string(position);
        const json sample = {{"id", id},
                             {"case", candidate ? name + std::string("-0") : "r-0"},
                             {"kind", "timing"},
                             {"comparison", name + std::string("~r")},
                             {"block", block},
                             {"position", position},
                             {"arm", candidate ? "candidate" : "reference"}};
        samples.push_back(sample);
        run.samples[id] = good_record(sample);
        run.samples[id]["timings_ms"]["total"] =
            (candidate ? ms : 100) * (1 + times.noise * normal(random));
      }
  return run;
}

std::vector<Recommendable> found(const RawRun& run, const std::vector<QualityBound>& bounds) {
  return recommendable(summary_of(run), bounds);
}

Recommendation asked(const RawRun& run, const std::string& bound) {
  return recommend(found(run, {parse_quality_bound(bound, true)}), "sameseed recommend");
}

std::string export_of(const std::string& value) {
  return std::string("\nexport ") + kConv + "=" + value + "\n";
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Recommend, TakesTheFastestSettingThatHolds) {
  const Recommendation both = asked(eight_pairs(), "lpips.alex.mean=0.2");
  EXPECT_EQ(both.code, 0);
  EXPECT_TRUE(holds(both.environment_file, export_of("1"))) << both.environment_file;
  EXPECT_TRUE(holds(both.environment_file, "# time 0.8 of the reference's [0.8, 0.8]\n"))
      << both.environment_file;
  const Recommendation one = asked(eight_pairs(), "lpips.alex.mean=0.05");
  EXPECT_EQ(one.code, 0);
  EXPECT_TRUE(holds(one.environment_file, export_of("0"))) << one.environment_file;
  EXPECT_TRUE(holds(one.environment_file,
                    "# Passed over, though faster as measured:\n# conv half 1, time 0.8 of"))
      << one.environment_file;
}

TEST(Recommend, ChoosesAModelByItsTimeAndNotByTheRatioToItsOwnReference) {
  Summary summary = summary_of(eight_pairs());
  Comparison &off = summary.comparisons[0], &on = summary.comparisons[1];
  off.setting[kModelsAxis] = "small";
  on.setting[kModelsAxis] = "large";
  off.speed.timings.at("total_ms").candidate.mean.value = 40;  // its reference takes 44
  ASSERT_EQ(on.speed.timings.at("total_ms").candidate.mean.value, 80);
  const Recommendation taken = recommend(
      recommendable(summary, {parse_quality_bound("lpips.alex.mean=0.2", true)}), "recommend");
  EXPECT_EQ(taken.code, 0);
  EXPECT_TRUE(holds(taken.environment_file, "export SAMESEED_MODEL=small\n"))
      << taken.environment_file;
  EXPECT_TRUE(holds(taken.environment_file,
                    "# another model: model large, conv half 1, 80 ms against 40 ms"))
      << taken.environment_file;
  EXPECT_FALSE(holds(taken.environment_file, "cannot be told from it"));
}

TEST(Recommend, TakesNoSettingThatIsNotShownToBeFaster) {
  const Recommendation slower =
      asked(eight_pairs(0.01, 0.1, {.off = 101, .on = 105}), "lpips.alex.mean=0.2");
  EXPECT_EQ(slower.code, 5);
  EXPECT_TRUE(holds(slower.environment_file, "# None is shown to be faster than the reference"))
      << slower.environment_file;
  EXPECT_FALSE(holds(slower.environment_file, "export"));
  const Recommendation noisy =
      asked(eight_pairs(0.01, 0.1, {.off = 99, .on = 98, .noise = 0.1}), "lpips.alex.mean=0.2");
  EXPECT_EQ(noisy.code, 5);
  EXPECT_TRUE(holds(noisy.environment_file, ": not shown to be faster")) << noisy.environment_file;
}

TEST(Recommend, ListsWhatDoesNotHoldApartFromWhatHolds) {
  const std::string text = asked(eight_pairs(0.01, 0.1, {.off = 101, .on = 105}),
                                 "lpips.alex.mean=0.05")  // which "on" does not hold
                               .environment_file;
  const auto place = [&](const std::string& part) { return text.find(part); };
  ASSERT_NE(place("Their quality holds"), std::string::npos) << text;
  ASSERT_NE(place("The quality of these does not hold"), std::string::npos) << text;
  EXPECT_LT(place("conv half 0"), place("The quality of these does not hold")) << text;
  EXPECT_GT(place("conv half 1"), place("The quality of these does not hold")) << text;
}

TEST(Recommend, DoesNotSayThatASettingDoesNotHoldThatHasNoScores) {
  RawRun refused = eight_pairs();
  for (auto& [pair, line] : refused.scores) {
    line.erase("values");
    line["refused"] = "the picture is cut short";
  }
  EXPECT_EQ(asked(refused, "lpips.alex.mean=0.2").code, 7);
  RawRun partly = eight_pairs();  // "off" does not hold, and of "on" one pair is not there
  partly.scores.at({"on-3", "r-3"}) = refused.scores.at({"on-3", "r-3"});
  EXPECT_EQ(asked(partly, "lpips.alex.mean=0.001").code, 7);
  EXPECT_EQ(asked(partly, "lpips.alex.mean=0.05").code, 0);  // "off" holds, and is faster
}

TEST(Recommend, TakesNoSettingOnOneBlock) {
  for (const int blocks : {0, 1, 5}) {
    const Recommendation few =
        asked(eight_pairs(0.01, 0.1, {.blocks = blocks}), "lpips.alex.mean=0.2");
    EXPECT_EQ(few.code, 5);
    EXPECT_TRUE(
        holds(few.environment_file, "time: too few blocks (" + std::to_string(blocks) + " of 6)"))
        << few.environment_file;
    EXPECT_FALSE(holds(few.environment_file, "time 0")) << few.environment_file;
  }
}

TEST(Recommend, NamesWhatCannotBeToldFromTheFastest) {
  const Recommendation close =
      asked(eight_pairs(0.01, 0.1, {.off = 80.2, .on = 80, .noise = 0.02}), "lpips.alex.mean=0.2");
  EXPECT_EQ(close.code, 0) << close.environment_file;
  EXPECT_TRUE(holds(close.environment_file, "# cannot be told from it by time: conv half"))
      << close.environment_file;
  EXPECT_FALSE(holds(asked(eight_pairs(), "lpips.alex.mean=0.2").environment_file, "cannot"));
}

TEST(Recommend, CountsPromptsAndNotTheirSeeds) {
  RawRun run = eight_pairs();
  for (json& comparison : run.plan["comparisons"])
    for (json& pair : comparison["pairs"]) pair["prompt"] = "one and the same";
  const Recommendation one = asked(run, "lpips.alex.mean=0.2");
  EXPECT_EQ(one.code, 5);
  EXPECT_TRUE(holds(one.environment_file, "over 1 prompts")) << one.environment_file;
}

TEST(Recommend, SaysWhenNoSettingDoes) {
  const Recommendation none = asked(eight_pairs(), "lpips.alex.mean=0.001");
  EXPECT_EQ(none.code, 2);
  EXPECT_TRUE(holds(none.environment_file, "# No setting holds."));
  EXPECT_FALSE(holds(none.environment_file, "export"));
}

TEST(Recommend, WantsConfidenceAndNotOnlyAGoodMean) {
  // 0.01 to 0.0107, mean 0.01035: the interval of the mean reaches beyond 0.0104.
  const Recommendation close = asked(eight_pairs(), "lpips.alex.mean=0.0104");
  EXPECT_EQ(close.code, 5);
  EXPECT_TRUE(holds(close.environment_file, "No setting holds with confidence"));
  EXPECT_FALSE(holds(close.environment_file, "export"));
  EXPECT_EQ(asked(small_run(), "lpips.alex.mean=0.9").code, 5);  // two pairs tell nothing
}

TEST(Recommend, BoundsNoWorst5FromEightPrompts) {
  const RawRun run = eight_pairs();  // the worst pair of "on" is 0.107
  const auto all = found(run, {parse_quality_bound("lpips.alex.worst5=0.2", true)});
  EXPECT_FALSE(all[0].holds);
  EXPECT_TRUE(all[0].seems_to_hold);
  EXPECT_TRUE(holds(all[0].reasons.back(), "no bound from 8 prompts")) << all[0].reasons.back();
}

TEST(Recommend, HoldsEveryBound) {
  const auto all = found(eight_pairs(), {parse_quality_bound("lpips.alex.mean=0.2", true),
                                         parse_quality_bound("psnr.rgb.mean=41", false)});
  for (const Recommendable& one : all) EXPECT_FALSE(one.holds);  // PSNR is 40
  const auto less = found(eight_pairs(), {parse_quality_bound("lpips.alex.mean=0.2", true),
                                          parse_quality_bound("psnr.rgb.mean=39", false)});
  EXPECT_TRUE(less[0].holds);
}

TEST(Recommend, TakesNoSettingThatCrashedOrDidNotAct) {
  RawRun crashed = eight_pairs();
  crashed.samples.at("q:on-3")["outcome"] = "crashed";
  EXPECT_TRUE(holds(asked(crashed, "lpips.alex.mean=0.2").environment_file, export_of("0")));
  RawRun idle = eight_pairs();
  for (auto& [id, record] : idle.samples)
    if (record.at("case").get<std::string>().starts_with("on"))
      record["engagement"]["conv_half"] = 0;
  const Recommendation other = asked(idle, "lpips.alex.mean=0.2");
  EXPECT_TRUE(holds(other.environment_file, export_of("0"))) << other.environment_file;
  EXPECT_TRUE(holds(other.environment_file, "a switch did not act")) << other.environment_file;
}

TEST(Recommend, WritesTheDeepCacheTripleAndWhatIsUnset) {
  const Recommendable one{.setting = {{"candidate.request.deepcache", "3/0/1"},
                                      {"candidate.env.A", nullptr},
                                      {"candidate.env.B", "it's; rm"},
                                      {"reference.env.C", "1"},
                                      {"both.request.steps", 20}},
                          .blocks = 6,
                          .ratio = 0.5,
                          .interval = Interval{0.49, 0.51},
                          .holds = true};
  const std::string file = recommend({one}, "x").environment_file;
  EXPECT_TRUE(holds(file,
                    "cache_interval=3, cache_layer_id=0, cache_block_id=1\n"
                    "export SAMESEED_DEEPCACHE=3/0/1\n"))
      << file;
  EXPECT_TRUE(holds(file, "\nunset A\n")) << file;
  EXPECT_TRUE(holds(file, "\nexport B='it'\\''s; rm'\n")) << file;
  EXPECT_FALSE(holds(file, "export C")) << file;
  EXPECT_TRUE(holds(file, "\n# and request.steps = 20\n")) << file;
}

TEST(Recommend, NamesWhatIsWrongWithABound) {
  for (const char* text : {"lpips", "lpips=1", "lpips.alex.mean=x", "lpips.alex.median=1",
                           "lpips.alex.worst=1", ".mean=1", "lpips.alex.mean=nan"})
    EXPECT_THROW(parse_quality_bound(text, true), UserError) << text;
  EXPECT_THROW(found(eight_pairs(), {parse_quality_bound("psnr.rgb.mean=1", true)}), UserError);
  EXPECT_THROW(found(eight_pairs(), {parse_quality_bound("lpips.alx.mean=1", true)}), UserError);
  EXPECT_THROW(found(eight_pairs(), {parse_quality_bound("lpips.alex.mean=1", false)}), UserError);
}

}  // namespace
}  // namespace sameseed
