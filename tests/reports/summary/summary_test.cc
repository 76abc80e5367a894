#include "reports/summary/summary.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "reports/summary/labels.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

json comparison_of(const json& summary, const std::string& id) {
  for (const json& one : summary.at("comparisons"))
    if (one.at("id") == id) return one;
  return nullptr;
}

json comparison_of(const RawRun& run, const std::string& id) {
  return comparison_of(report_of(run), id);
}

TEST(Summary, HasAnEntryForEveryComparison) {
  const json summary = report_of(small_run());
  ASSERT_EQ(summary.at("comparisons").size(), 3u);
  for (const json& one : summary.at("comparisons")) EXPECT_EQ(one.at("status"), "ok");
  EXPECT_EQ(summary.at("excluded").size(), 1u);
  EXPECT_EQ(summary.at("intervals").at("level"), 0.95);
}

TEST(Summary, SaysWhatBothArmsRanWith) {
  const json arms = comparison_of(small_run(), "on~off").at("arms");
  EXPECT_EQ(arms.at("candidate").at("engine"), "accelerated");
  EXPECT_EQ(arms.at("candidate").at("axes").at("env." + std::string(kConv)), "1");
  EXPECT_EQ(arms.at("reference").at("axes").at("env." + std::string(kConv)), "0");
  EXPECT_EQ(comparison_of(small_run(), "on~r").at("arms").at("reference").at("engine"),
            "reference");
}

TEST(Summary, ScoresTheWorstPair) {
  const json lpips = comparison_of(small_run(), "on~r").at("quality").at("lpips.alex");
  EXPECT_EQ(lpips.at("n"), 2);
  EXPECT_DOUBLE_EQ(lpips.at("mean").get<double>(), 0.2);
  EXPECT_EQ(lpips.at("worst"), 0.3);
  EXPECT_EQ(lpips.at("worst_case"), "on-1");
}

TEST(Summary, ProvesTheSwitchesOfBothArms) {
  const json proofs = comparison_of(small_run(), "on~off").at("engagement");
  EXPECT_EQ(proofs.at(kConvAxis).at("verdict"), "engaged");
  EXPECT_EQ(proofs.at(kConvAxis).at("samples"), 2);
  EXPECT_EQ(proofs.at("switches_off.env." + std::string(kConv)).at("verdict"), "engaged");
}

TEST(Summary, LeavesBlocksOfAnInvalidEnvironmentOutOfAllTimes) {
  RawRun run = small_run();
  for (const char* sample : {"t:0:1", "t:0:2"}) {
    run.samples.at(sample)["invalid"] = {"throttled"};
    run.samples.at(sample)["timings_ms"]["total"] = 4000;
  }
  const json comparison = comparison_of(run, "on~r");
  EXPECT_EQ(comparison.at("invalid"), (json{{"throttled", 2}}));
  EXPECT_EQ(comparison.at("invalid_blocks"), 1);
  EXPECT_EQ(comparison.at("broken_blocks"), 0);
  EXPECT_EQ(comparison.at("timed_samples").size(), 4u);
  EXPECT_EQ(comparison.at("speed").at("total_ms").at("blocks"), 1);
  EXPECT_EQ(comparison.at("speed").at("total_ms").at("worst"), 80);
}

TEST(Summary, CountsAnInvalidEnvironmentOnlyWhereTimesWereTaken) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["invalid"] = {"throttled"};
  EXPECT_TRUE(report_of(run).at("invalid").empty());
  run.samples.at("t:1:0")["invalid"] = {"throttled"};
  EXPECT_EQ(report_of(run).at("invalid"), (json{{"throttled", 1}}));
}

TEST(Summary, TellsTheTextEncodersShareBesideTheProofOfASwitchThatIsTheirsToo) {
  RawRun run = small_run();
  run.scorer->at("metrics").push_back({{"name", "prompt_embeds.relative_l2"},
                                       {"unit", ""},
                                       {"better", "lower"},
                                       {"identical", 0},
                                       {"definition", "relative L2"}});
  for (auto& [cases, line] : run.scores) line["values"]["prompt_embeds.relative_l2"] = 1e-3;
  const auto evidence = [&](const std::string& comparison) {
    return comparison_of(run, comparison)
        .at("engagement")
        .at(kConvAxis)
        .at("evidence")
        .get<std::string>();
  };
  EXPECT_EQ(evidence("on~off").find("share"), std::string::npos);
  for (auto& [id, sample] : run.samples)
    if (sample.at("effective").at(kConv).contains("means"))
      sample["effective"][kConv]["networks"] = {"unet", "text"};
  EXPECT_NE(evidence("on~off").find("; the text encoders' share: prompt embeddings 1.0e-03 apart "
                                    "from switches off"),
            std::string::npos);
  EXPECT_EQ(evidence("on~r").find("share"), std::string::npos);
}

TEST(Summary, CountsAValueWithoutProofNeitherAsEngagedNorAsInert) {
  Comparison comparison{.status = "ok"};
  comparison.engagement["candidate.request.guidance"].verdict = "no proof";
  EXPECT_EQ(engaged_label(comparison), "-");
  comparison.engagement[kConvAxis].verdict = "engaged";
  EXPECT_EQ(engaged_label(comparison), "yes");
}

TEST(Summary, JudgesEngagementOverTimedSamplesToo) {
  RawRun run = small_run();
  run.samples.at("t:1:2")["engagement"]["conv_half"] = 0;
  EXPECT_EQ(comparison_of(run, "on~r").at("engagement").at(kConvAxis).at("verdict"), "not engaged");
  EXPECT_EQ(comparison_of(run, "on~off").at("engagement").at(kConvAxis).at("verdict"), "engaged");
}

TEST(Summary, CountsChangedOutputAgainstTheSwitchesOff) {
  RawRun run = small_run();
  run.samples.at("q:on-1")["hashes"]["latents"] = "off-1";  // as if nothing had changed
  const json changed = comparison_of(run, "on~r").at("changed_output");
  EXPECT_EQ(changed.at("pairs"), 2);
  EXPECT_EQ(changed.at("latents_differ"), 1);
  EXPECT_TRUE(comparison_of(run, "off~r").at("changed_output").is_null());
}

TEST(Summary, TakesTheRatioBlockByBlock) {
  RawRun run = small_run(6);
  for (const char* sample : {"t:1:1", "t:3:1", "t:5:2"})
    run.samples.at(sample)["timings_ms"]["total"] = 120;
  const json total = comparison_of(run, "on~r").at("speed").at("total_ms");
  EXPECT_EQ(total.at("blocks"), 6);
  EXPECT_DOUBLE_EQ(total.at("ratio").get<double>(), std::sqrt(0.8));  // of 160/200 and 200/200
  EXPECT_EQ(total.at("n"), 12);
  EXPECT_EQ(total.at("worst"), 120);
  EXPECT_EQ(total.at("mean"), 90);
  EXPECT_EQ(total.at("reference").at("mean"), 100);
  EXPECT_EQ(comparison_of(run, "on~r").at("timed_samples").size(), 24u);
}

TEST(Summary, LeavesOutATimingThatNobodyHas) {
  const json speed = comparison_of(small_run(), "on~r").at("speed");
  EXPECT_TRUE(speed.contains("step_full_ms"));
  EXPECT_FALSE(speed.contains("step_partial_ms"));
  EXPECT_TRUE(comparison_of(small_run(), "off~r").at("speed").empty());
}

TEST(Summary, CountsABlockOnlyIfOneStartMadeAllOfIt) {
  RawRun run = small_run();
  for (auto& [id, record] : run.samples) record["start"] = "first";
  run.samples.at("t:1:3")["start"] = "second";
  const json resumed = comparison_of(run, "on~r");
  EXPECT_EQ(resumed.at("broken_blocks"), 1);
  EXPECT_EQ(resumed.at("speed").at("total_ms").at("blocks"), 1);
}

TEST(Summary, DropsABlockThatIsNotWhole) {
  RawRun run = small_run();
  run.samples.at("t:0:0")["outcome"] = "hung";
  run.samples.at("t:0:0")["error"] = "no answer within 60 s";
  run.samples.erase("t:1:3");
  const json broken = comparison_of(run, "on~r");
  EXPECT_EQ(broken.at("broken_blocks"), 2);
  EXPECT_TRUE(broken.at("speed").empty());
  EXPECT_EQ(broken.at("status"), "failed");
  EXPECT_EQ(broken.at("reason"), "hung: no answer within 60 s");
}

TEST(Summary, GivesTheWorstStatusOfItsSamples) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["outcome"] = "unsupported";
  EXPECT_EQ(comparison_of(run, "on~r").at("status"), "unsupported");
  run.samples.erase("q:on-1");
  EXPECT_EQ(comparison_of(run, "on~r").at("status"), "missing");
  run.samples.at("q:r-1")["outcome"] = "crashed";
  EXPECT_EQ(comparison_of(run, "on~r").at("status"), "failed");
  EXPECT_EQ(comparison_of(run, "on~off").at("status"), "missing");
}

TEST(Summary, MissesTimedSamplesTooWhereTheyWereNeverMade) {
  RawRun run = small_run();
  run.samples.erase("t:1:3");
  EXPECT_EQ(comparison_of(run, "on~r").at("status"), "missing");
  EXPECT_EQ(comparison_of(run, "on~off").at("status"), "ok");
}

TEST(Summary, RefusesPairsWithoutValidScores) {
  RawRun run = small_run();
  run.scores.at({"on-0", "r-0"})["refused"] = "the arms had different noise";
  EXPECT_EQ(comparison_of(run, "on~r").at("status"), "refused");
  EXPECT_EQ(comparison_of(run, "on~r").at("quality").at("lpips.alex").at("n"), 1);
  run = small_run();
  run.scores.erase({"on-1", "r-1"});
  EXPECT_NE(
      comparison_of(run, "on~r").at("refused").at("on-1").get<std::string>().find("not scored"),
      std::string::npos);
  run = small_run();
  run.scores.at({"on-1", "r-1"})["values"]["lpips.alex"] = nullptr;
  run.scores.at({"on-1", "r-1"})["nonfinite"]["lpips.alex"] = "nan";
  EXPECT_EQ(comparison_of(run, "on~r").at("refused").at("on-1"), "lpips.alex is not a number");
}

TEST(Summary, ListsWhatFailedWithItsRepeatCommand) {
  RawRun run = small_run();
  run.folder = "runs/a small one";
  run.samples.at("q:on-0") = {
      {"type", "sample"},          {"sample", "q:on-0"},   {"case", "on-0"},
      {"kind", "quality"},         {"outcome", "crashed"}, {"error", "signal 11"},
      {"log_tail", {"last words"}}};
  run.samples.erase("q:on-1");
  const json failures = report_of(run).at("failures");
  ASSERT_EQ(failures.size(), 2u);
  EXPECT_EQ(failures[0].at("kind"), "crashed");
  EXPECT_EQ(failures[0].at("log_tail")[0], "last words");
  EXPECT_EQ(failures[0].at("repeat"),
            "sameseed image --case 'runs/a small one/on-0' --out on-0.png");
  EXPECT_EQ(failures[1].at("kind"), "missing");
}

TEST(Cohort, HasAHashThatDoesNotDependOnFolders) {
  RawRun here = small_run(), there = small_run();
  for (json& worker : there.workers)
    worker["load"]["files"]["unet"] = "/elsewhere/unet.safetensors";
  for (json& environment : there.plan["environments"])
    environment["load"]["model"] = "/elsewhere/nano";
  const json cohort = report_of(here).at("cohort");
  EXPECT_EQ(cohort.at("hash").get<std::string>().size(), 64u);
  EXPECT_TRUE(cohort.at("differs").empty());
  EXPECT_EQ(cohort.at("hash"), report_of(there).at("cohort").at("hash"));
}

TEST(Cohort, ChangesWithHostVersionsAndDefinitions) {
  const json hash = report_of(small_run()).at("cohort").at("hash");
  RawRun run = small_run();
  run.starts[0]["cohort"]["host"]["cpu"] = "another cpu";
  EXPECT_NE(report_of(run).at("cohort").at("hash"), hash);
  run = small_run();
  for (json& worker : run.workers) worker["load"]["versions"]["libtorch"] = "2.12.0";
  EXPECT_NE(report_of(run).at("cohort").at("hash"), hash);
  run = small_run();
  (*run.scorer)["metrics"][0]["definition"] = "psnr of luma";
  EXPECT_NE(report_of(run).at("cohort").at("hash"), hash);
}

TEST(Cohort, NamesWhereStartsAndWorkersDisagree) {
  RawRun run = small_run();
  run.starts.push_back(run.starts[0]);
  run.starts[1]["cohort"]["host"]["cpu"] = "another cpu";
  run.workers[2]["load"]["versions"]["libtorch"] = "2.12.0";  // e1, of the engine of e0
  EXPECT_EQ(report_of(run).at("cohort").at("differs"),
            json({"host.cpu", "workers.accelerated {}.versions.libtorch"}));
}

TEST(Cohort, IsOfTheContentOfTheFilesThatWereRead) {
  RawRun run = small_run();
  const json hash = report_of(run).at("cohort").at("hash");
  for (json& worker : run.workers) worker["content"]["files"]["unet/unet.safetensors"] = "d2";
  EXPECT_NE(report_of(run).at("cohort").at("hash"), hash);
  run = small_run();
  run.workers[2]["content"]["files"]["unet/unet.safetensors"] = "d2";  // it changed under the run
  EXPECT_EQ(report_of(run).at("cohort").at("differs"),
            json({"workers.accelerated {}.files.unet/unet.safetensors"}));
  run = small_run();
  for (json& worker : run.workers) worker["load"]["effective"]["threads"] = 1;
  EXPECT_NE(report_of(run).at("cohort").at("hash"), hash);
}

TEST(Cohort, SaysWhatAnOlderVersionDidNotRecord) {
  RawRun run = small_run();
  for (json& worker : run.workers) worker.erase("content");
  run.starts[0]["cohort"].erase("variables");
  const json cohort = report_of(run).at("cohort");
  for (const json& engine : cohort.at("workers")) {
    EXPECT_EQ(engine.at("files"), "not recorded");
    EXPECT_EQ(engine.at("program"), "not recorded");
  }
  EXPECT_EQ(cohort.at("variables"), "not recorded");
}

// 10,000 quality samples in 2 comparisons: a scan of the run for each pair took minutes.
TEST(Summary, OfTenThousandSamplesTakesSeconds) {
  RawRun run = small_run();
  for (json& comparison : run.plan["comparisons"]) comparison["pairs"] = json::array();
  run.scores.clear();
  for (int i = 0; i < 5000; ++i) {
    const std::string on = "on-" + std::to_string(i), off = "off-" + std::to_string(i);
    for (const auto& [id, environment] : {std::pair{on, "e1"}, {off, "e0"}}) {
      run.plan["cases"].push_back(
          {{"id", id}, {"environment", environment}, {"request", json::object()}});
      const json sample = {{"id", "q:" + id}, {"case", id}, {"kind", "quality"}};
      run.plan["samples"].push_back(sample);
      run.samples["q:" + id] = good_record(sample);
    }
    run.plan["comparisons"][2]["pairs"].push_back(
        {{"candidate", on}, {"reference", off}, {"prompt", "a cat"}, {"seed", i}});
    run.scores[{on, off}] = pair_scores(on, off, 40, 0.1);
  }
  for (int i : {0, 1})
    run.plan["comparisons"][static_cast<std::size_t>(i)]["pairs"] =
        small_plan().at("comparisons").at(static_cast<std::size_t>(i)).at("pairs");
  const auto start = std::chrono::steady_clock::now();
  const json entry = comparison_of(run, "on~off");
  EXPECT_EQ(entry.at("quality").at("psnr.rgb").at("n"), 5000);
  EXPECT_EQ(entry.at("engagement").at(kConvAxis).at("samples"), 5000);
  // Half a second on a free core; the limit leaves room for a loaded machine.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
}

// Two prompts that the tokenizers make the same of: one picture, made twice.
RawRun run_of_equal_prompts() {
  RawRun run = small_run();
  for (json& one : run.plan["cases"])
    if (one.at("request").at("seed") == 1) one["request"] = {{"prompt", "a  cat"}, {"seed", 0}};
  for (json& comparison : run.plan["comparisons"]) {
    comparison["pairs"][1]["prompt"] = "a  cat";
    comparison["pairs"][1]["seed"] = 0;
  }
  for (auto& [id, record] : run.samples) {
    record["hashes"]["token_ids"] = "the same";
    const std::string made = record.at("case");
    record["files"]["image"] = "the picture of " + made.substr(0, made.find('-'));
  }
  return run;
}

TEST(Summary, CountsPairsOfEqualPromptsOnce) {
  RawRun run = run_of_equal_prompts();
  for (auto& [pair, line] : run.scores) line["broken"] = {{"candidate", {"black"}}};
  const Summary summary = summary_of(run);
  EXPECT_EQ(sample_label(summary.comparisons),
            "1 prompt x 1 seed (2 pairs; equal ones count once)");
  EXPECT_TRUE(summary.comparisons[0].damage->sentence.starts_with("1 of 1 pairs: "))
      << summary.comparisons[0].damage->sentence;
  EXPECT_EQ(sample_label(summary_of(small_run()).comparisons), "1 prompt x 2 seeds");
}

}  // namespace
}  // namespace sameseed
