// The files of a run in, all reports out, each held to its published schema.
#include "reports/report.h"

#include <gtest/gtest.h>

#include <sstream>

#include "io/error.h"
#include "io/files.h"
#include "io/json_schema.h"
#include "reports/formats/report_format.h"
#include "reports/judge/accepted_report.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::string schema(const std::string& name) {
  return read_file(std::string(SAMESEED_SOURCE_DIR) + "/reports/schema/" + name + ".schema.json");
}

class ReportRun : public ::testing::Test {
 protected:
  ~ReportRun() override { std::filesystem::remove_all(folder_); }

  void write(const RawRun& run) {
    std::string records = run.starts[0].dump() + "\n", scores = run.scorer->dump() + "\n";
    for (const json& worker : run.workers) records += worker.dump() + "\n";
    for (const auto& [id, record] : run.samples) {
      records += record.dump() + "\n";
      if (record.contains("files")) write_file(folder_ / "images" / (id + ".png"), kPicture);
    }
    for (const auto& [pair, score] : run.scores) scores += score.dump() + "\n";
    write_file(folder_ / "plan.json", run.plan.dump());
    write_file(folder_ / "records.jsonl", records);
    write_file(folder_ / "scores.jsonl", scores);
  }
  void write_gates(const std::string& text) { write_file(folder_ / "gates.json", text); }

  // As much of a picture as tells a whole one from one that is lost.
  static inline const std::string kPicture =
      std::string("\x89PNG\r\n\x1a\n pixels") + std::string("\0\0\0\0IEND\xae\x42\x60\x82", 12);
  const std::filesystem::path folder_ =
      ::testing::TempDir() + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ostringstream terminal_;
};

TEST_F(ReportRun, WritesEveryFormatAndPrintsTheTable) {
  write(small_run());
  EXPECT_EQ(report_run(folder_, terminal_), 0);
  for (const auto& report : all_reports())
    EXPECT_TRUE(std::filesystem::exists(folder_ / report->file())) << report->file();
  EXPECT_TRUE(std::filesystem::exists(folder_ / "plotly.min.js"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "report-embedded.html"));
  EXPECT_NE(terminal_.str().find("verdict: NOT JUDGED (exit code 0, no gates)"), std::string::npos);
  EXPECT_NO_THROW(check_json(read_json(folder_ / "report.json"), schema("report"), "report.json"));
}

TEST_F(ReportRun, JudgesByTheGatesInTheFolder) {
  write(small_run());
  write_gates(R"({"schema":"sameseed/gate/1","gates":[
    {"metric":"lpips.alex","statistic":"worst","at_most":0.25}]})");
  EXPECT_EQ(report_run(folder_, terminal_), 2);
  const json report = read_json(folder_ / "report.json");
  EXPECT_EQ(report.at("verdict").at("code"), 2);
  EXPECT_NO_THROW(check_json(report, schema("report"), "report.json"));
}

const char* const kByBaseline = R"({"schema":"sameseed/gate/1","gates":[
  {"metric":"lpips.alex","statistic":"mean","at_most":{"baseline":true,"margin":0.01}}]})";

TEST_F(ReportRun, IsJudgedByAnAcceptedReportInTheFolder) {
  RawRun run = larger_run();
  write(run);
  EXPECT_EQ(report_run(folder_, terminal_), 0);
  std::filesystem::rename(folder_ / "report.json", folder_ / "baseline.json");
  write_gates(kByBaseline);
  run.starts[0]["started"] = "2026-11-25T07:00:00Z";  // another night's
  write(run);
  EXPECT_EQ(report_run(folder_, terminal_), 0) << terminal_.str();
  const json report = read_json(folder_ / "report.json");
  EXPECT_NO_THROW(check_json(report, schema("report"), "report.json"));
  EXPECT_EQ(report.at("verdict").at("gates")[0].at("passed"), 2);

  for (const char* on : {"on-0", "on-1"})  // half of the pairs each: 0.05 more in all
    run.scores.at({on, std::string("r") + (on + 2)})["values"]["lpips.alex"] =
        on[3] == '0' ? 0.15 : 0.35;
  write(run);
  EXPECT_EQ(report_run(folder_, terminal_), 2);
}

TEST_F(ReportRun, CountsPicturesOnceThatAreEqualInBothArmsAndSaysSo) {
  RawRun run = small_run();
  for (json& comparison : run.plan["comparisons"]) comparison["pairs"][1]["prompt"] = "a dog";
  for (auto& [id, record] : run.samples) {
    const std::string made = record.at("case");
    const bool alike = made.starts_with("r") || made.starts_with("on");
    record["files"] = {{"image", alike ? made.substr(0, 1) : made}};
  }
  write(run);
  report_run(folder_, terminal_);
  const json report = read_json(folder_ / "report.json");
  EXPECT_NO_THROW(check_json(report, schema("report"), "report.json"));
  const auto prompts = [&](int comparison) {
    return report.at("comparisons")[comparison].at("quality").at("lpips.alex").at("prompts");
  };
  EXPECT_EQ(prompts(0), 2);  // with the switch off each prompt has its own
  EXPECT_EQ(prompts(1), 1);
  ASSERT_EQ(report.at("repeated_pictures").size(), 1u);
  const json repeated = report.at("repeated_pictures")[0];
  EXPECT_EQ(repeated.at("comparison"), "on~r");
  EXPECT_EQ(repeated.at("pairs"), 2);
  EXPECT_EQ(repeated.at("different"), 1);
  EXPECT_EQ(repeated.at("groups")[0][1].at("prompt"), "a dog");
  const std::string told =
      "pictures counted once: 1 of 2 pairs of conv half 1 against reference repeats another's, 1 "
      "prompt is left";
  EXPECT_NE(terminal_.str().find(told), std::string::npos) << terminal_.str();
  for (const char* file : {"report.txt", "report.html", "report.md", "junit.xml"})
    EXPECT_NE(read_file(folder_ / file).find(told), std::string::npos) << file;
}

TEST_F(ReportRun, SaysHowFarItIsFromTheFirstBaselineInEveryFormat) {
  RawRun run = larger_run();
  write(run);
  EXPECT_EQ(report_run(folder_, terminal_), 0);
  const std::string first = read_file(folder_ / "report.json");
  std::filesystem::rename(folder_ / "report.json", folder_ / "baseline.json");
  write_gates(kByBaseline);
  run.starts[0]["started"] = "2026-11-25T07:00:00Z";  // another night's
  write(run);
  EXPECT_EQ(report_run(folder_, terminal_), 0);
  EXPECT_EQ(terminal_.str().find("since the first baseline"), std::string::npos);  // a file only
  write_file(folder_ / "first_baseline.json", first_baseline_text("2026-10-01T03:00:00Z", first));
  run.scores.at({"on-0", "r-0"})["values"]["lpips.alex"] = 0.1084;  // of 0.1, half of the pairs
  write(run);
  EXPECT_EQ(report_run(folder_, terminal_), 0) << terminal_.str();
  const std::string told = "since the first baseline (2026-10-01): +0.0042 in conv half 1";
  for (const char* file : {"report.json", "report.txt", "report.html", "junit.xml"})
    EXPECT_NE(read_file(folder_ / file).find(told), std::string::npos) << file;
  EXPECT_NE(read_file(folder_ / "report.md").find("+0.0042 in conv half 1"), std::string::npos);
  EXPECT_NO_THROW(check_json(read_json(folder_ / "report.json"), schema("report"), "report.json"));
  // Judged by another file for once, whatever lies in the run.
  EXPECT_EQ(report_run(folder_, terminal_, {.baseline = folder_ / "baseline.json"}), 0);
  EXPECT_EQ(read_file(folder_ / "report.txt").find("since the first baseline"), std::string::npos);
}

TEST_F(ReportRun, IsNotJudgedByAFileThatIsNoReport) {
  write(larger_run());
  write_gates(kByBaseline);
  EXPECT_EQ(report_run(folder_, terminal_), 1);
  write_file(folder_ / "baseline.json", R"({"schema":"sameseed/report/0"})");
  EXPECT_EQ(report_run(folder_, terminal_), 1);
  EXPECT_NE(terminal_.str().find("a baseline is the report.json of an accepted run"),
            std::string::npos)
      << terminal_.str();
}

TEST_F(ReportRun, LosesNoReportForGatesThatCannotBeRead) {
  write(small_run());
  write_gates("{\"schema\":");
  EXPECT_EQ(report_run(folder_, terminal_), 1);
  EXPECT_EQ(read_json(folder_ / "report.json").at("comparisons").size(), 3u);
}

TEST_F(ReportRun, KeepsToItsSchemaWhereThingsWentWrong) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["outcome"] = "crashed";
  run.samples.at("q:on-0")["error"] = "signal 11";
  run.samples.at("q:on-1")["engagement"]["conv_half"] = 0;
  run.samples.at("t:0:0")["invalid"] = {"throttled"};
  run.samples.erase("q:off-0");
  (*run.scorer)["metrics"][1]["unavailable"] = "no weights";
  run.scores.at({"on-1", "r-1"})["values"]["psnr.rgb"] = nullptr;
  run.scores.at({"on-1", "r-1"})["nonfinite"]["psnr.rgb"] = "+inf";
  write(run);
  write_gates(R"({"schema":"sameseed/gate/1","gates":[
    {"metric":"psnr.rgb","statistic":"mean","at_least":1,"because":"x","min_pairs":2}]})");
  EXPECT_EQ(report_run(folder_, terminal_), 8);
  EXPECT_NO_THROW(check_json(read_json(folder_ / "report.json"), schema("report"), "report.json"));
}

TEST(Schemas, AcceptTheLinesOfARun) {
  const RawRun run = small_run();
  const std::string record = schema("record"), score = schema("score");
  EXPECT_NO_THROW(check_json(run.starts[0], record, "run"));
  EXPECT_NO_THROW(check_json(run.workers[0], record, "worker"));
  for (const auto& [id, sample] : run.samples) EXPECT_NO_THROW(check_json(sample, record, id));
  EXPECT_NO_THROW(check_json(json{{"type", "stop"}, {"reason", "finished"}}, record, "stop"));
  EXPECT_NO_THROW(check_json(*run.scorer, score, "scorer"));
  for (const auto& [pair, line] : run.scores) EXPECT_NO_THROW(check_json(line, score, pair.first));
}

TEST(Schemas, RefuseLinesThatAreNone) {
  const RawRun run = small_run();
  json sample = run.samples.at("q:on-0"), line = run.scores.begin()->second;
  sample["outcome"] = "fine";
  EXPECT_THROW(check_json(sample, schema("record"), "sample"), UserError);
  line.erase("values");
  EXPECT_THROW(check_json(line, schema("score"), "pair"), UserError);
  json start = run.starts[0];
  start.erase("cohort");
  EXPECT_THROW(check_json(start, schema("record"), "run"), UserError);
  EXPECT_THROW(check_json(json{{"schema", "sameseed/report/2"}}, schema("report"), "report"),
               UserError);
}

}  // namespace
}  // namespace sameseed
