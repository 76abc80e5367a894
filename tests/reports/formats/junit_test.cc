// Formats that machines read: junit.xml and benchmarks.json.
#include <set>

#include "tests/reports/formats/report_texts.h"

namespace sameseed {
namespace {

using nlohmann::json;

TEST(Junit, HasATestCaseForEveryComparisonAndExclusion) {
  const auto document = junit_of(judged(small_run()));
  const auto suite = document.child("testsuite");
  EXPECT_EQ(suite.attribute("tests").as_int(), 5);  // three, the excluded one, the run as a whole
  EXPECT_EQ(suite.attribute("failures").as_int(), 0);
  EXPECT_EQ(suite.attribute("errors").as_int(), 0);
  EXPECT_EQ(suite.attribute("skipped").as_int(), 2);  // and the run, which nobody judged
  EXPECT_TRUE(std::string(test_case(document, "small", "the run as a whole")
                              .child("skipped")
                              .attribute("message")
                              .value())
                  .starts_with("NOT JUDGED"));
  EXPECT_EQ(suite.child("properties").child("property").attribute("value").value(),
            std::string("NOT JUDGED"));
  EXPECT_TRUE(test_case(document, "small.switches_off", "conv half 1"));
  EXPECT_STREQ(test_case(document, "small.excluded", "conv half unset")
                   .child("skipped")
                   .attribute("message")
                   .value(),
               "unset means 1");
}

TEST(Junit, CallsABrokenGateAFailure) {
  const auto document = junit_of(judged(small_run(), kLpipsGate));
  const auto failure = test_case(document, "small.reference", "conv half 1").child("failure");
  EXPECT_STREQ(failure.attribute("type").value(), "quality");
  EXPECT_NE(std::string(failure.text().get()).find("users see it"), std::string::npos);
  EXPECT_EQ(document.child("testsuite").attribute("failures").as_int(), 1);
  EXPECT_FALSE(test_case(document, "small.reference", "conv half 0").child("failure"));
}

TEST(Junit, CallsACrashAnErrorAndTheUnsupportedSkipped) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["outcome"] = "crashed";
  run.samples.at("q:on-0")["error"] = "signal 11";
  run.samples.at("q:off-0")["outcome"] = "unsupported";
  run.samples.at("q:off-0")["error"] = "no tensor cores here";
  const auto document = junit_of(judged(run));
  EXPECT_NE(std::string(test_case(document, "small.reference", "conv half 1")
                            .child("error")
                            .attribute("message")
                            .value())
                .find("signal 11"),
            std::string::npos);
  EXPECT_STREQ(test_case(document, "small.reference", "conv half 0")
                   .child("skipped")
                   .attribute("message")
                   .value(),
               "unsupported: no tensor cores here");
}

TEST(Junit, CallsASwitchThatDidNothingAFailureOfEverySettingThatHasIt) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["engagement"]["conv_half"] = 0;
  const auto document = junit_of(judged(run));
  for (const char* against : {"small.reference", "small.switches_off"})
    EXPECT_STREQ(
        test_case(document, against, "conv half 1").child("failure").attribute("type").value(),
        "engagement")
        << against;
  EXPECT_EQ(document.child("testsuite").attribute("failures").as_int(), 2);
}

TEST(Junit, PutsCausesOfNoComparisonOnTheRun) {
  const auto document =
      junit_of(judged(small_run(), std::vector<Gate>{{.name = "lpipz", .statistic = "mean"}}));
  EXPECT_STREQ(
      test_case(document, "small", "the run as a whole").child("error").attribute("type").value(),
      "usage");
}

TEST(Junit, IsWellFormedWhateverTheTextHolds) {
  RawRun run = small_run();
  const std::string nasty =
      std::string("<&>\"'\n]]>") + '\x01' + '\0' + "\xff\xc3\x28\xef\xbf\xbf\xed\xa0\x80 \xc3\xa9";
  run.plan["name"] = nasty;
  run.samples.at("q:on-0")["outcome"] = "crashed";
  run.samples.at("q:on-0")["error"] = nasty;
  const std::string text = text_of(*make_junit_report(), judged(run));
  for (const char forbidden : {'\x01', '\0', '\xff', '\xed'})
    EXPECT_EQ(text.find(forbidden), std::string::npos) << int{forbidden};
  EXPECT_EQ(text.find("\xef\xbf\xbf"), std::string::npos);
  const auto document = junit_of(judged(run));
  EXPECT_TRUE(std::string(document.child("testsuite").attribute("name").value())
                  .starts_with("<&>\"'\n]]>"));
}

TEST(Benchmarks, HaveARecordForEveryTimedSample) {
  const json all = json::parse(text_of(*make_benchmark_report(), judged(small_run())));
  EXPECT_EQ(all.at("context").at("json_schema_version"), 1);
  const std::string name = "small/against:reference/" + kConvAxis + ":1/arm:candidate";
  std::vector<json> candidates;
  for (const json& one : all.at("benchmarks"))
    if (one.at("run_name") == name) candidates.push_back(one);
  ASSERT_EQ(candidates.size(), 5u);  // four and their mean
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(candidates[i].at("name"), name);
    EXPECT_EQ(candidates[i].at("run_type"), "iteration");
    EXPECT_EQ(candidates[i].at("repetitions"), 4);
    EXPECT_EQ(candidates[i].at("repetition_index"), i);
    EXPECT_EQ(candidates[i].at("real_time"), 80);
    EXPECT_EQ(candidates[i].at("time_unit"), "ms");
    EXPECT_EQ(candidates[i].at("decode_ms"), 10);
  }
  EXPECT_EQ(candidates[4].at("name"), name + "_mean");
  EXPECT_EQ(candidates[4].at("run_type"), "aggregate");
  EXPECT_DOUBLE_EQ(candidates[4].at("lpips.alex").get<double>(), 0.2);
}

TEST(Benchmarks, LeaveOutWhatIsNotFinite) {
  RawRun run = small_run();
  for (const char* seed : {"0", "1"}) {
    json& score = run.scores.at({std::string("on-") + seed, std::string("r-") + seed});
    score["values"]["psnr.rgb"] = nullptr;
    score["nonfinite"]["psnr.rgb"] = "+inf";
  }
  const json all = json::parse(text_of(*make_benchmark_report(), judged(run)));
  for (const json& one : all.at("benchmarks")) EXPECT_FALSE(one.contains("psnr.rgb"));
}

TEST(Benchmarks, KeepTheSeparatorsOfANameForItsParts) {
  RawRun run = small_run();
  run.plan["axes"][0]["name"] = "candidate.request.deepcache";
  for (json& one : run.plan["comparisons"])
    one["setting"] = {{"candidate.request.deepcache", "3/0/0"}};
  const json all = json::parse(text_of(*make_benchmark_report(), judged(run)));
  EXPECT_EQ(all.at("benchmarks")[0].at("name"),
            "small/against:reference/candidate.request.deepcache:3_0_0/arm:candidate");
}

}  // namespace
}  // namespace sameseed
