// The reference against itself beside ratios of times.
#include "reports/summary/time_floor.h"

#include <gtest/gtest.h>

#include <sstream>

#include "io/files.h"
#include "io/json_schema.h"
#include "reports/formats/report_format.h"
#include "reports/judge/recommend.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kBlocks = 8;

// The small run with the reference timed against itself: its second half of block i takes so much
// of the first, and the candidate so much of the reference.
RawRun timed_run(const std::vector<double>& itself, const std::vector<double>& candidate) {
  RawRun run = small_run(kBlocks);
  run.plan["time_floor"] = {
      {{"id", "itself"},
       {"environment", "er"},
       {"pairs",
        {{{"candidate", "r-0"}, {"reference", "r-0"}, {"prompt", "a cat"}, {"seed", 0}}}}}};
  for (std::size_t block = 0; block < itself.size(); ++block)
    for (int position = 0; position < 4; ++position) {
      const json sample = {{"id", "f:" + std::to_string(block) + ":" + std::to_string(position)},
                           {"case", "r-0"},
                           {"kind", "timing"},
                           {"comparison", "itself"},
                           {"block", block},
                           {"position", position},
                           {"arm", position == 1 || position == 2 ? "candidate" : "reference"}};
      run.plan["samples"].push_back(sample);
      run.samples[sample.at("id")] = good_record(sample);
    }
  for (auto& [id, record] : run.samples)
    if (record.at("kind") == "timing" && record.at("arm") == "candidate") {
      const auto& ratios = record.at("comparison") == "itself" ? itself : candidate;
      record["timings_ms"]["total"] = 100 * ratios.at(record.at("block").get<std::size_t>());
    }
  return run;
}

const std::vector<double> kEven = {1.01, 0.99, 1.00, 1.02, 0.98, 1.01, 0.99, 1.00},
                          kFaster = {0.81, 0.79, 0.80, 0.82, 0.78, 0.81, 0.79, 0.80},
                          kHardlyFaster = {0.97, 1.01, 0.96, 1.03, 0.99, 0.97, 1.01, 0.98};

json total_of(const RawRun& run, std::size_t comparison = 1) {
  return report_of(run).at("comparisons")[comparison].at("speed").at("total_ms");
}

std::string text_of(const RawRun& run, const Report& report,
                    const std::optional<std::vector<Gate>>& gates = std::nullopt) {
  const Summary summary = summary_of(run);
  std::ostringstream out;
  report.write(summary, verdict_of(summary, gates), out);
  return out.str();
}

TEST(TimeFloor, StandsBesideARatioThatDiffersFromIt) {
  const json total = total_of(timed_run(kEven, kFaster));
  const json& itself = total.at("against_itself");
  EXPECT_NEAR(total.at("ratio"), 0.8, 1e-3);
  EXPECT_EQ(itself.at("row"), "itself");
  EXPECT_EQ(itself.at("blocks"), kBlocks);
  EXPECT_NEAR(itself.at("ratio"), 1.0, 1e-3);
  EXPECT_LT(itself.at("ratio_interval").at("low"), 1.0);
  EXPECT_EQ(itself.at("reading"), kDifference);
}

TEST(TimeFloor, SaysThatNoDifferenceIsShownWhereTheBlocksShowNone) {
  const RawRun run = timed_run(kEven, kHardlyFaster);
  EXPECT_EQ(total_of(run).at("against_itself").at("reading"), kNoDifference);
  for (const auto& report : all_reports()) {
    if (report->file() == "junit.xml" || report->file() == "benchmarks.json") continue;  // no ratio
    EXPECT_NE(text_of(run, *report).find(kNoDifference), std::string::npos) << report->file();
    if (report->file() == "report.json") continue;  // has the parts' times, which are equal
    EXPECT_EQ(text_of(timed_run(kEven, kFaster), *report).find(kNoDifference), std::string::npos)
        << report->file();
  }
}

// The reference's halves differ by 20 %: so do the arms, and nothing is known of the switch.
TEST(TimeFloor, TakesNoRatioForADifferenceThatTheReferenceHasWithItself) {
  EXPECT_EQ(total_of(timed_run(kFaster, kFaster)).at("against_itself").at("reading"),
            kNoDifference);
}

TEST(TimeFloor, ShowsNoRatioOfTooFewBlocks) {
  const RawRun run = timed_run({1, 1, 1}, kFaster);
  const json itself = total_of(run).at("against_itself");
  EXPECT_TRUE(itself.at("ratio").is_null());
  EXPECT_EQ(itself.at("ratio_absent"), "too few blocks (3 of 6)");
  EXPECT_FALSE(itself.contains("reading"));
  EXPECT_NE(text_of(run, *make_text_report()).find("against itself: too few blocks (3 of 6)"),
            std::string::npos);
}

TEST(TimeFloor, StandsInGatesAndInWhatIsTakenHome) {
  const RawRun run = timed_run(kEven, kFaster);
  const std::vector<Gate> gates = {{.is_timing = true,
                                    .name = "total_ms",
                                    .statistic = "ratio",
                                    .at_most = 0.5,
                                    .where = {{kConvAxis, "1"}}}};
  const json report = report_of(run, gates);
  EXPECT_NE(report.at("verdict").at("causes")[0].at("text").get<std::string>().find(
                "the reference against itself 1.00 [0.99, 1.01]"),
            std::string::npos)
      << report.at("verdict").dump();
  const Summary summary = summary_of(run);
  EXPECT_NE(recommend(recommendable(summary, {parse_quality_bound("lpips.alex.mean=9", true)}), "x")
                .environment_file.find("the reference against itself 1.00 [0.99, 1.01]"),
            std::string::npos);
}

// Nothing else in a report is about it, and a plan without it says nothing.
TEST(TimeFloor, CountsAsNoSetting) {
  const RawRun run = timed_run(kEven, kFaster);
  RawRun without = run;
  without.plan.erase("time_floor");
  std::erase_if(without.samples, [](const auto& entry) { return entry.first.starts_with("f:"); });
  without.plan["samples"] = small_plan(kBlocks).at("samples");
  json report = report_of(run), plain = report_of(without);
  EXPECT_NO_THROW(check_json(
      report, read_file(std::string(SAMESEED_SOURCE_DIR) + "/reports/schema/report.schema.json"),
      "report.json"));
  EXPECT_EQ(report.at("time_floor")[0].at("timed_samples").size(), 4u * kBlocks);
  EXPECT_EQ(plain.dump().find("itself"), std::string::npos);
  report.erase("time_floor");
  for (json& comparison : report["comparisons"])
    for (json& timing : comparison["speed"]) timing.erase("against_itself");
  EXPECT_EQ(report, plain);
}

TEST(TimeFloor, OfALostSampleIsMissed) {
  RawRun run = timed_run(kEven, kFaster);
  run.samples.erase("f:0:1");
  EXPECT_EQ(report_of(run).at("verdict").at("code"), 7);
  EXPECT_EQ(total_of(run).at("against_itself").at("blocks"), kBlocks - 1);
}

}  // namespace
}  // namespace sameseed
