#include <set>

#include "reports/judge/coverage.h"
#include "tests/reports/formats/report_texts.h"
#include "tests/reports/two_models.h"

namespace sameseed {
namespace {

using nlohmann::json;

TEST(AllReports, HaveFilesOfTheirOwn) {
  std::vector<std::string> files;
  for (const auto& report : all_reports()) files.push_back(report->file());
  EXPECT_EQ(files, (std::vector<std::string>{"report.json", "report.txt", "report.md", "junit.xml",
                                             "benchmarks.json", "report.html"}));
}

// Rows that are alike in arm and kind say which model they are of.
TEST(AllReports, SayOfWhichModelANoiseFloorIs) {
  RawRun run = run_of_two_models({{{"candidate.request.deepcache", nullptr}}},
                                 [](const std::string&, const json&, int) { return 0.01; });
  for (const std::string model : {"base", "other"}) {
    const json pair = {{"candidate", "s0-" + model + "0"},
                       {"reference", "r-" + model + "0"},
                       {"prompt", "p0"},
                       {"seed", 0}};
    run.plan["floor"].push_back(
        {{"id", "f" + model}, {"arm", "reference"}, {"kind", "second process"}, {"pairs", {pair}}});
  }
  EXPECT_EQ(report_of(run).at("noise_floor").at("rows")[1].at("of"),
            (json{{kModelsAxis, "other"}}));
  EXPECT_NE(
      text_of(*make_text_report(), judged(run)).find("  model base: reference, second process: "),
      std::string::npos);
}

TEST(AllReports, SayThatASwitchDidNothingBeforeAnyNumber) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["engagement"]["conv_half"] = 0;
  const std::string text = text_of(*make_text_report(), judged(run)),
                    page = text_of(*make_markdown_report(), judged(run));
  EXPECT_TRUE(text.starts_with("\nA SWITCH DID NOTHING: conv half 1 did not act")) << text;
  EXPECT_TRUE(page.starts_with("## sameseed: small\n\n**FAIL: a switch did not act** (exit code 8"))
      << page;
}

// 73.19 % of the reference's time, in five blocks.
TEST(AllReports, ShowNoRatioOfTooFewBlocks) {
  RawRun run = small_run(5);
  for (auto& [id, record] : run.samples)
    if (id.starts_with("t:"))
      record["timings_ms"]["total"] = record.at("arm") == "candidate" ? 146.38 : 200;
  const std::vector<Gate> gates = {
      {.is_timing = true, .name = "total_ms", .statistic = "ratio", .at_most = 0.5}};
  for (const auto& report : all_reports()) {
    const std::string text = text_of(*report, judged(run, gates));
    for (const char* ratio : {"0.73", ".7319", "27 %", "26.8"})
      EXPECT_EQ(text.find(ratio), std::string::npos) << report->file() << ": " << ratio;
    if (report->file() == "benchmarks.json") continue;  // has the samples' times and no ratio
    const bool escaped = report->file() == "report.md";
    EXPECT_TRUE(text.find("too few blocks (5 of 6)") != std::string::npos ||
                (escaped && text.find("too few blocks \\(5 of 6\\)") != std::string::npos))
        << report->file() << "\n"
        << text;
  }
  const json time = report_of(run).at("comparisons")[1].at("speed").at("total_ms");
  EXPECT_EQ(time.at("blocks"), 5);
  EXPECT_TRUE(time.at("ratio").is_null());
  EXPECT_TRUE(time.at("ratio_interval").is_null());
  EXPECT_EQ(time.at("ratio_absent"), "too few blocks (5 of 6)");
  EXPECT_NEAR(time.at("mean"), 146.38, 1e-9);  // the arms' own times are shown
}

TEST(AllReports, SayThatNoBlockCountsWhereAllWereDisturbed) {
  RawRun run = small_run(6);
  for (auto& [id, record] : run.samples)
    if (id.starts_with("t:")) record["invalid"] = {"throttled"};
  for (const auto& report : all_reports())
    if (report->file() == "report.txt" || report->file() == "report.md" ||
        report->file() == "report.html") {
      const std::string text = text_of(*report, judged(run));
      EXPECT_NE(text.find("too few blocks (0 of 6)"), std::string::npos) << report->file();
    }
}

TEST(Text, ShowsScoresTimeEngagementAndVerdict) {
  const std::string text = text_of(*make_text_report(), judged(small_run(6), kLpipsGate));
  EXPECT_NE(text.find("conv half 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("0.2000"), std::string::npos) << text;
  EXPECT_NE(text.find("0.80   yes\n"), std::string::npos) << text;
  EXPECT_NE(text.find("excluded: 1 combinations: unset means 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("verdict: FAIL: picture quality (exit code 2)\n  2 gates[0] (lpips.alex "
                      "worst at most 0.25): conv "
                      "half 1 against reference: 0.3 is more than 0.25"),
            std::string::npos)
      << text;
}

TEST(Text, SaysWhatFailedAndWhatWasNotJudged) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["outcome"] = "crashed";
  run.samples.at("q:on-0")["error"] = "signal 11";
  run.samples.at("q:off-0")["engagement"]["conv_half"] = 3;
  run.samples.erase("q:off-1");
  const std::string text = text_of(*make_text_report(), judged(run));
  EXPECT_NE(text.find("crashed: on-0: signal 11\n  repeat: sameseed image --case "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("missing: 1 samples"), std::string::npos) << text;
  EXPECT_NE(text.find("verdict: FAIL: a switch did not act (exit code 8, no gates)"),
            std::string::npos)
      << text;
}

TEST(Text, TellsFailuresThatAreAlikeOnce) {
  RawRun run = small_run();
  for (auto& [id, record] : run.samples) {
    record["outcome"] = "given_up";
    record["error"] = "its environment failed 3 times before";
  }
  const std::string text = text_of(*make_text_report(), judged(run));
  EXPECT_NE(text.find("given_up: 14 samples failed alike: its environment failed 3 times before\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("its environment failed", text.find("alike") + 60),
            text.rfind("its environment failed"))
      << text;  // once more in the verdict's cause
}

TEST(CutPrompts, AreToldApartByTheirEnds) {
  const std::string start(200, 'x');
  EXPECT_EQ(
      told(CutPrompts{.cut = {{.prompt = start + " at night", .tokens = 77, .lost = 3}}, .of = 1}),
      "1 of 1 prompts was cut at 77 tokens: \"" + std::string(40, 'x') + " ... " +
          std::string(11, 'x') + " at night\" (3 more)");
}

TEST(AllReports, TellThatPromptsWereCut) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["warnings"] = {
      "the prompt is longer than 77 tokens: its last 38 tokens were cut off",
      "the negative prompt is longer than 77 tokens: its last 2 tokens were cut off"};
  for (json& one : run.plan["cases"]) one["request"]["negative"] = "ugly";
  const Judged result = judged(run);
  const std::string said =
      "1 of 1 prompts was cut at 77 tokens: \"a cat\" (38 more); the negative "
      "prompt was cut at 77 tokens: \"ugly\" (2 more)";
  EXPECT_EQ(told(result.summary.cut_prompts), said);
  for (const auto& report : all_reports()) {
    if (report->file() == "benchmarks.json") continue;  // times
    EXPECT_NE(text_of(*report, result)
                  .find(report->file() == "report.json" ? "\"lost\": 38" : "cut at 77 tokens"),
              std::string::npos)
        << report->file();
  }
  EXPECT_EQ(told(judged(small_run()).summary.cut_prompts), "");
}

// A folder's pictures are PNGs in the run; what they were before, its engine said.
TEST(AllReports, TellThatPicturesWereJpegs) {
  RawRun run = small_run();
  EXPECT_EQ(told(judged(run).summary.lossy_pictures), "");
  run.samples.at("q:on-0")["warnings"] = {
      "on.jpg: is a JPEG of quality 75 or so: a part of what differs is its compression"};
  const std::size_t of = judged(run).summary.lossy_pictures.of;
  EXPECT_EQ(told(judged(run).summary.lossy_pictures),
            "1 of " + std::to_string(of) +
                " pictures was a JPEG (quality 75 or so): a part of what differs is their "
                "compression");
  run.samples.at("q:off-0")["warnings"] = {"off.jpg: is a JPEG of quality 95 or so: and so on"};
  const Judged result = judged(run);
  for (const auto& report : all_reports()) {
    if (report->file() == "benchmarks.json") continue;  // times
    EXPECT_NE(
        text_of(*report, result)
            .find(report->file() == "report.json" ? "\"jpegs\": 2" : "quality 75 to 95 or so"),
        std::string::npos)
        << report->file();
  }
}

TEST(Text, WritesALoraThatIsLikeNoneAsTheMatrixDoes) {
  Judged result = judged(small_run(6));
  Comparison& one = result.summary.comparisons[0];
  one.setting["candidate.load.lora"] = {{"path", "ink"}, {"scale", 0}};
  one.engagement["candidate.load.lora"] = {
      .value = json::parse(R"([{"path": "/a/ink", "scale": 0.0}])"), .verdict = "inert"};
  one.engagement["candidate.load.lora"].same_as.assign(1, nullptr);
  const std::string text = text_of(*make_text_report(), result);
  EXPECT_NE(text.find("the same: lora ink at 0 and lora off\n"), std::string::npos) << text;
}

TEST(Text, SaysWhatIsInertAndWhichValuesMeanTheSame) {
  RawRun run = small_run(6);
  for (auto& [id, record] : run.samples)
    if (id.starts_with("q:on") || id.starts_with("t:"))
      record["effective"][kConv]["default"] =
          record.at("case").get<std::string>().starts_with("on");
  for (json& one : run.plan["comparisons"])
    if (one.at("id") != "off~r") one["setting"][kConvAxis] = nullptr;
  for (auto& [id, record] : run.samples)
    if (record.at("case").get<std::string>().starts_with("on"))
      record["effective"][kConv]["value"] = nullptr;
  run.plan["environments"][2]["variables"][kConv] = nullptr;
  Judged result = judged(run);
  std::vector<Comparison>& comparisons = result.summary.comparisons;
  comparisons[0].engagement[kConvAxis].verdict = "inert";
  comparisons[1].engagement["reference.env.OTHER"] = {.value = "1", .verdict = "inert"};
  const std::string text = text_of(*make_text_report(), result);
  EXPECT_NE(text.find("-   inert\n"), std::string::npos) << text;
  EXPECT_NE(text.find("0.80   yes, 1 inert\n"), std::string::npos) << text;
  EXPECT_NE(
      text.find("the same: conv half unset and conv half 1 (unset means OneDiff's default)\n"),
      std::string::npos)
      << text;
}

TEST(Text, DoesNotLetAWorkerTalkToTheTerminal) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["outcome"] = "rubbish";
  run.samples.at("q:on-0")["error"] = "the worker answered: \x1b[2J\nverdict: pass";
  const std::string text = text_of(*make_text_report(), judged(run));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\nverdict: pass"), std::string::npos);
}

TEST(Markdown, HasVerdictTableAndWorstPairs) {
  const std::string text = text_of(*make_markdown_report(), judged(small_run(), kLpipsGate));
  EXPECT_NE(text.find("**FAIL: picture quality** (exit code 2)"), std::string::npos) << text;
  EXPECT_NE(text.find("| conv half 1 | switches off |"), std::string::npos) << text;
  EXPECT_NE(text.find("| 30.00 | - | 0.3000 | - | conv half 1 | a cat | 1 | `sameseed image --case "
                      "runs/small/on-1 --out on-1.png` |"),
            std::string::npos)
      << text;
}

TEST(Markdown, OpensOnTheVerdictAndTheWorstPairs) {
  const std::string text = text_of(*make_markdown_report(), judged(small_run(), kLpipsGate));
  const auto verdict = text.find("**FAIL: picture quality**"), worst = text.find("Worst pairs"),
             first = text.find("runs/small/on-1"), second = text.find("runs/small/on-0"),
             gates = text.find("| gate | answer |"), table = text.find("| setting | against |");
  EXPECT_TRUE(verdict < worst && worst < first && first < second && second < gates && gates < table)
      << text;
}

TEST(Markdown, SortsByTheMetricOfTheGateThatFailed) {
  RawRun run = small_run();
  run.scores.at({"on-0", "r-0"})["values"]["psnr.rgb"] =
      10.0;  // the worst PSNR, not the worst LPIPS
  const std::vector<Gate> gate = {{.name = "psnr.rgb", .statistic = "worst", .at_least = 20}};
  const std::string text = text_of(*make_markdown_report(), judged(run, gate));
  EXPECT_NE(text.find("by psnr.rgb"), std::string::npos) << text;
  EXPECT_LT(text.find("runs/small/on-0"), text.find("runs/small/on-1")) << text;
}

TEST(Markdown, ShowsPairsOfTheSettingsThatFailTheGate) {
  RawRun run = small_run();
  // The worst of all are of conv half 1, and the gate is on conv half 0.
  run.scores.at({"off-0", "r-0"})["values"]["lpips.alex"] = 0.15;
  const std::vector<Gate> gate = {
      {.name = "lpips.alex", .statistic = "worst", .at_most = 0.12, .where = {{kConvAxis, "0"}}}};
  const std::string text = text_of(*make_markdown_report(), judged(run, gate));
  const auto begin = text.find(
      "Worst pairs of the settings that do not pass lpips.alex worst at "
      "most 0.12, against the reference, by lpips.alex:");
  ASSERT_NE(begin, std::string::npos) << text;
  const std::string table = text.substr(begin, text.find("| gate |", begin) - begin);
  EXPECT_NE(table.find("runs/small/off-0"), std::string::npos) << table;
  EXPECT_EQ(table.find("conv half 1"), std::string::npos) << table;
}

TEST(AllReports, SayWhatNoGateCovers) {
  const std::vector<Gate> gate = {
      {.name = "lpips.alex", .statistic = "worst", .at_most = 1, .where = {{kConvAxis, "0"}}}};
  Judged result = judged(small_run(), gate);
  EXPECT_EQ(
      told(uncovered(result.summary, result.verdict)),
      (std::vector<std::string>{"no gate judges the pictures of 1 of 2 settings: conv half 1",
                                "no gate is on these metrics: psnr.rgb", "no gate is on times"}));
  for (const auto& report :
       {make_text_report(), make_markdown_report(), make_junit_report(), make_html_report()})
    EXPECT_NE(text_of(*report, result).find("no gate judges the pictures of 1 of 2 settings"),
              std::string::npos)
        << report->file();
  EXPECT_EQ(result.verdict.code, 0);
  const Verdict required = with_coverage_required(result.verdict, result.summary);
  EXPECT_EQ(required.code, 5);
  EXPECT_EQ(required.word, "INCONCLUSIVE: not everything is covered by a gate");
  const nlohmann::json report = report_json(result.summary, result.verdict);
  EXPECT_EQ(report.at("uncovered"),
            nlohmann::json({{"settings", {{{"comparison", "on~r"}, {"label", "conv half 1"}}}},
                            {"of", 2},
                            {"metrics", {"psnr.rgb"}},
                            {"times", true}}));
  const Judged bare = judged(small_run());
  EXPECT_FALSE(report_json(bare.summary, bare.verdict).contains("uncovered"));
  EXPECT_EQ(with_coverage_required(bare.verdict, bare.summary).code, 5);
  const Judged whole =
      judged(small_run(), {{{.name = "lpips.alex", .statistic = "worst", .at_most = 1}}});
  EXPECT_EQ(with_coverage_required(whole.verdict, whole.summary).code, 0);
  const Judged fast = judged(small_run(6), {{{.is_timing = true,
                                              .name = "total_ms",
                                              .statistic = "worst",
                                              .at_most = 1e9,
                                              .where = {{kConvAxis, "1"}}}}});
  EXPECT_EQ(fast.verdict.code, 0);
  EXPECT_EQ(with_coverage_required(fast.verdict, fast.summary).code, 5);  // of no picture
}

TEST(AllReports, SayWhatAGateCouldHaveShown) {
  const RawRun run = larger_run();
  const Judged result = judged(run, kLpipsGate);
  EXPECT_EQ(result.verdict.gates->at(0).smallest_change->n, 8u);
  for (const auto& report : all_reports()) {
    if (report->file() == "benchmarks.json") continue;  // numbers, for programs
    const std::string text = text_of(*report, result);
    EXPECT_NE(text.find("of the mean"), std::string::npos) << report->file() << text;
    EXPECT_NE(text.find("8 prompts"), std::string::npos) << report->file() << text;
  }
}

TEST(Markdown, KeepsAPromptInItsCell) {
  RawRun run = small_run();
  for (json& one : run.plan["comparisons"])
    for (json& pair : one["pairs"]) pair["prompt"] = "a | b\n<img src=x> `c`";
  const std::string text = text_of(*make_markdown_report(), judged(run));
  EXPECT_NE(text.find("| a \\| b \\<img src=x\\> \\`c\\` |"), std::string::npos) << text;
}

}  // namespace
}  // namespace sameseed
