// Every exit code of the verdict, reached by the program itself.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <vector>

#include "bench/system/programs.h"
#include "io/files.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;

// One run of the embedded model: the reference against the accelerated arm, with one switch.
class ExitCodes : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { make_run("exit-codes", {"a red apple"}, {0}, 6); }

  static void make_run(const std::string& name, const std::vector<std::string>& prompts,
                       const std::vector<int>& seeds, int blocks) {
    folder_ = fresh_folder(name);
    const json matrix = {
        {"schema", "sameseed/matrix/1"},
        {"name", "codes"},
        {"axes", {{"candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION", {"1"}}}},
        {"requests", {{"prompts", prompts}, {"seeds", seeds}, {"size", "64x64"}, {"steps", 1}}},
        {"timing", {{"warmup", 0}, {"blocks", blocks}}}};
    write_file(folder_ + "/m.json", matrix.dump());
    // A second thread makes no such small picture sooner.
    ASSERT_EQ(run_program({"/usr/bin/env", "OMP_NUM_THREADS=1", "SAMESEED_KEEP_ENV=OMP_NUM_THREADS",
                           kProgram, "run", folder_ + "/m.json", "--out", run(), "--quiet"}),
              0);
    forget_invalid_times(run());
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }

  static std::string run() { return folder_ + "/run"; }

  // The program's exit code for these gates, and the verdict it leaves behind.
  static int gate(const json& gates, const std::string& of = run(),
                  const std::vector<std::string>& more = {}) {
    write_file(folder_ + "/gates.json",
               json{{"schema", "sameseed/gate/1"}, {"gates", gates}}.dump());
    std::vector<std::string> command = {kProgram, "gate", of, "--gates", folder_ + "/gates.json"};
    command.insert(command.end(), more.begin(), more.end());
    return run_program(command);
  }
  static json verdict(const std::string& of = run()) {
    return read_json(of + "/report.json").at("verdict");
  }

  // A copy of the run, without its gates, in which every line of its log went through `change`.
  template <typename Change>
  static std::string run_with(const std::string& name, Change change) {
    const std::string copy = folder_ + "/" + name;
    std::filesystem::copy(run(), copy, std::filesystem::copy_options::recursive);
    std::filesystem::remove(copy + "/gates.json");
    std::istringstream in(read_file(copy + "/records.jsonl"));
    std::string changed;
    for (std::string line; std::getline(in, line);) {
      json record = json::parse(line);
      if (record.contains("start")) record["start"] = name + record.at("start").get<std::string>();
      if (record.contains("started")) record["started"] = "2026-01-01T00:00:00Z";
      change(record);
      changed += record.dump() + "\n";
    }
    write_file(copy + "/records.jsonl", changed);
    return copy;
  }

  static std::string folder_;
};

std::string ExitCodes::folder_;

const json kGoodQuality = {{"metric", "psnr.rgb"}, {"statistic", "worst"}, {"at_least", 5}};
const json kBadQuality = {{"metric", "psnr.rgb"}, {"statistic", "worst"}, {"at_least", 500}};
const json kGoodTime = {{"timing", "total_ms"}, {"statistic", "ratio"}, {"at_most", 1e6}};
const json kBadTime = {{"timing", "total_ms"}, {"statistic", "ratio"}, {"at_most", 1e-6}};

TEST_F(ExitCodes, Are0To5ByTheGates) {
  EXPECT_EQ(gate(json::array({kGoodQuality, kGoodTime})), 0);
  EXPECT_TRUE(verdict().at("causes").empty());
  EXPECT_EQ(gate(json::array({kBadQuality, kGoodTime})), 2);
  EXPECT_EQ(gate(json::array({kGoodQuality, kBadTime})), 3);
  EXPECT_EQ(gate(json::array({kBadQuality, kBadTime})), 4);
  EXPECT_EQ(verdict().at("causes").size(), 2u);  // every cause is listed
  json few = kGoodQuality;
  few["min_pairs"] = 1000;
  EXPECT_EQ(gate(json::array({few})), 5);
  EXPECT_EQ(gate(json::array({few, kBadQuality})), 2);  // the graver code counts
  EXPECT_EQ(gate({{{"metric", "psnr.rbg"}, {"statistic", "worst"}, {"at_least", 5}}}), 1);
  EXPECT_EQ(gate({{{"metric", "psnr.rgb"}, {"statistic", "worts"}, {"at_least", 5}}}), 1);

  // What `recommend` asks of every setting has the same codes.
  const auto recommend = [](const std::string& bound) {
    return run_program({kProgram, "recommend", run(), "--at-most", bound});
  };
  EXPECT_EQ(recommend("lpips.alex.mean=100"), 5);  // one pair: no confidence
  EXPECT_EQ(recommend("lpips.alex.mean=-1"), 2);
  EXPECT_EQ(recommend("lpips.alex.worst=1"), 1);
}

TEST_F(ExitCodes, AreFoundBeforeAnyWorkWhereAGateCouldNotBeJudged) {
  write_file(folder_ + "/gates.json",
             R"({"schema":"sameseed/gate/1","gates":[{"metric":"psnr.rgb","statistic":"mean",
                 "at_most":{"baseline":true,"margin":0}}]})");
  EXPECT_EQ(run_program({kProgram, "run", folder_ + "/m.json", "--out", folder_ + "/never",
                         "--gates", folder_ + "/gates.json"}),
            1);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/never"));
}

TEST_F(ExitCodes, Are6WhereTheEnvironmentIsInvalid) {
  const std::string throttled = run_with("throttled", [](json& record) {
    if (record.value("kind", "") == "timing") record["invalid"] = {"throttled"};
  });
  EXPECT_EQ(gate(json::array({kBadTime}), throttled), 6);  // and not 3: the times are invalid
  EXPECT_EQ(gate(json::array({kBadQuality}), throttled), 2);
  // Which is the last verdict; and still it is no baseline.
  EXPECT_EQ(run_program({kProgram, "baseline", "accept", throttled, "--ledger",
                         folder_ + "/throttled.sqlite"}),
            1);

  // Two starts of the run, and the second one on another machine.
  const std::string moved = folder_ + "/moved";
  std::filesystem::copy(run(), moved, std::filesystem::copy_options::recursive);
  const std::string log = read_file(moved + "/records.jsonl");
  json start = json::parse(log.substr(0, log.find('\n')));
  ASSERT_EQ(start.at("type"), "run");
  start["cohort"]["host"]["cpu"] = "another";
  write_file(moved + "/records.jsonl", start.dump() + "\n" + log);
  EXPECT_EQ(gate(json::array({kGoodQuality}), moved), 6);
}

TEST_F(ExitCodes, Are7WhereASampleFailed) {
  const std::string crashed = run_with("crashed", [](json& record) {
    if (record.value("kind", "") == "quality") record["outcome"] = "crashed";
  });
  EXPECT_EQ(gate(json::array({kGoodTime}), crashed), 7);
  EXPECT_EQ(run_program({kProgram, "report", crashed}), 0);  // the report is there
  EXPECT_EQ(run_program({kProgram, "report", crashed, "--exit-code"}), 7);
}

TEST_F(ExitCodes, Are8WhereASwitchDidNotAct) {
  const std::string idle = run_with("idle", [](json& record) {
    if (record.value("type", "") == "sample") record["engagement"]["unet"]["matmul_half"] = 0;
  });
  EXPECT_EQ(gate(json::array({kGoodQuality}), idle), 8);
  EXPECT_EQ(gate(json::array({kBadQuality}), idle), 2);
  EXPECT_EQ(run_program({kProgram, "report", idle, "--exit-code"}), 8);  // without gates, too
  EXPECT_EQ(verdict(idle).at("word"), "FAIL: a switch did not act");
}

TEST_F(ExitCodes, OfAGateLeaveNoThresholdsBehindUnlessAsked) {
  const std::string judged = run_with("kept", [](json&) {});
  EXPECT_EQ(gate(json::array({kBadQuality}), judged), 2);
  EXPECT_EQ(verdict(judged).at("word"), "FAIL: picture quality");
  EXPECT_FALSE(std::filesystem::exists(judged + "/gates.json"));
  EXPECT_EQ(run_program({kProgram, "report", judged, "--exit-code"}), 0);
  EXPECT_EQ(verdict(judged).at("word"), "NOT JUDGED");
  EXPECT_EQ(gate(json::array({kBadQuality}), judged, {"--keep"}), 2);
  EXPECT_TRUE(std::filesystem::exists(judged + "/gates.json"));
  EXPECT_EQ(run_program({kProgram, "report", judged}), 0);
  EXPECT_EQ(run_program({kProgram, "report", judged, "--exit-code"}), 2);
  EXPECT_EQ(gate(json::array({kGoodQuality}), judged), 0);  // once, by others
  EXPECT_EQ(run_program({kProgram, "gate", judged}), 2);    // and again by its own
}

TEST_F(ExitCodes, OfRunAre5WhereASettingHasNoGateAndCoverageIsRequired) {
  const std::string covered = run_with("covered", [](json&) {});
  write_file(folder_ + "/against-off.json",
             R"({"schema":"sameseed/gate/1","gates":[{"metric":"psnr.rgb","statistic":"worst",
                 "at_least":5,"against":"switches_off"}]})");
  std::vector<std::string> command = {"/usr/bin/env",
                                      "OMP_NUM_THREADS=1",
                                      "SAMESEED_KEEP_ENV=OMP_NUM_THREADS",
                                      kProgram,
                                      "run",
                                      folder_ + "/m.json",
                                      "--out",
                                      covered,
                                      "--quiet",
                                      "--gates",
                                      folder_ + "/against-off.json"};
  EXPECT_EQ(run_program(command), 0);
  command.push_back("--require-coverage");
  EXPECT_EQ(run_program(command), 5);
  EXPECT_EQ(verdict(covered).at("causes").at(0).at("kind"), "coverage");
  EXPECT_EQ(run_program({kProgram, "report", covered, "--exit-code"}), 0);
  EXPECT_EQ(run_program({kProgram, "report", covered, "--exit-code", "--require-coverage"}), 5);
}

TEST_F(ExitCodes, WithoutGatesAreNeverThoseOfQuality) {
  EXPECT_EQ(run_program({kProgram, "report", run_with("bare", [](json&) {}), "--exit-code"}), 0);
  EXPECT_EQ(run_program({kProgram, "gate", run_with("bare2", [](json&) {})}), 1);
}

// Six prompts and six blocks, with which intervals begin.
class IntervalExitCodes : public ExitCodes {
 protected:
  static void SetUpTestSuite() {
    make_run("interval-exit-codes",
             {"a red apple", "a fox", "a blue boat", "an owl", "a house", "a green tree"}, {0}, 6);
  }
};

json interval_gate(const char* kind, const char* name, const char* side, const json& bound) {
  return {{kind, name},
          {"statistic", kind == std::string("metric") ? "mean" : "ratio"},
          {"by", "interval"},
          {side, bound}};
}

TEST_F(IntervalExitCodes, AreAllThere) {
  const json good = interval_gate("metric", "psnr.rgb", "at_least", 5),
             bad = interval_gate("metric", "psnr.rgb", "at_least", 500),
             fast = interval_gate("timing", "total_ms", "at_most", 1e6),
             slow = interval_gate("timing", "total_ms", "at_most", 1e-6);
  EXPECT_EQ(gate(json::array({good, fast})), 0);
  EXPECT_EQ(verdict().at("gates")[1].at("answer"), "pass");
  // The reference is timed against itself beside the setting.
  const json report = read_json(run() + "/report.json");
  EXPECT_EQ(report.at("time_floor").size(), 1u);
  EXPECT_EQ(
      report.at("comparisons")[0].at("speed").at("total_ms").at("against_itself").at("blocks"), 6);
  EXPECT_EQ(gate(json::array({bad, fast})), 2);
  EXPECT_EQ(gate(json::array({good, slow})), 3);
  EXPECT_EQ(gate(json::array({bad, slow})), 4);
  // A bound at the mean itself lies inside the interval.
  ASSERT_EQ(gate(json::array({good})), 0);
  const json mean = verdict().at("gates")[0].at("settings")[0].at("tests")[0].at("estimate");
  const json open = interval_gate("metric", "psnr.rgb", "at_least", mean);
  EXPECT_EQ(gate(json::array({open})), 5);
  EXPECT_EQ(gate(json::array({open, bad})), 2);
  EXPECT_EQ(gate(json::array({interval_gate("metric", "psnr.rbg", "at_least", 5)})), 1);

  const json floor = {{"floor", "reference, second process"}, {"times", 2}};
  EXPECT_EQ(gate(json::array({interval_gate("metric", "psnr.rgb", "at_most", floor)})), 1);

  const json no_worse = json::array(
      {interval_gate("metric", "psnr.rgb", "at_most", {{"baseline", true}, {"margin", 0}})});
  const std::string judged = run_with("judged", [](json&) {});
  EXPECT_EQ(gate(no_worse, judged), 1);  // no baseline was ever named
  const std::string accepted = run() + "/report.json";
  EXPECT_EQ(gate(no_worse, judged, {"--baseline", accepted}), 0);  // the same pictures
  EXPECT_EQ(gate(no_worse, judged), 1);                            // which was for once
  EXPECT_EQ(gate(no_worse, judged, {"--baseline", accepted, "--keep"}), 0);
  EXPECT_EQ(gate(no_worse, judged), 0);  // it remembers the baseline
  EXPECT_EQ(gate(no_worse, judged, {"--baseline", folder_ + "/m.json"}), 1);
  json foreign = read_json(accepted);
  foreign["cohort"]["recipe"] = "another";
  write_file(folder_ + "/foreign.json", foreign.dump());
  EXPECT_EQ(gate(no_worse, judged, {"--baseline", folder_ + "/foreign.json"}), 6);

  // The same from the ledger.
  const std::vector<std::string> by_ledger = {"--baseline", "accepted", "--ledger",
                                              folder_ + "/ledger.sqlite"};
  const std::string later = run_with("later", [](json&) {});
  EXPECT_EQ(gate(no_worse, later, by_ledger), 1);  // nothing was accepted yet
  EXPECT_FALSE(std::filesystem::exists(later + "/baseline.json"));
  ASSERT_EQ(gate(json::array({good, fast})), 0);
  ASSERT_EQ(run_program({kProgram, "baseline", "accept", run(), "--ledger", by_ledger.back()}), 0);
  EXPECT_EQ(gate(no_worse, later, by_ledger), 0);
  EXPECT_FALSE(std::filesystem::exists(later + "/baseline.json"));
  std::vector<std::string> and_keep = by_ledger;
  and_keep.push_back("--keep");
  EXPECT_EQ(gate(no_worse, later, and_keep), 0);
  EXPECT_EQ(read_file(later + "/baseline.json"), read_file(run() + "/report.json"));
  const auto says_drift = [&] {
    return read_file(later + "/report.txt").find("since the first baseline (20") !=
           std::string::npos;
  };
  EXPECT_EQ(gate(no_worse, later), 0);
  EXPECT_TRUE(says_drift());  // kept as well
  EXPECT_EQ(gate(no_worse, later, {"--baseline", accepted}), 0);
  EXPECT_FALSE(says_drift());  // a file has no first
  EXPECT_EQ(gate(no_worse, later, by_ledger), 0);
  EXPECT_TRUE(says_drift());

  const std::string throttled = run_with("throttled", [](json& record) {
    if (record.value("kind", "") == "timing") record["invalid"] = {"throttled"};
  });
  EXPECT_EQ(gate(json::array({slow}), throttled), 6);
  const std::string crashed = run_with("crashed", [](json& record) {
    if (record.value("kind", "") == "quality") record["outcome"] = "crashed";
  });
  EXPECT_EQ(gate(json::array({good}), crashed), 7);
  const std::string idle = run_with("idle", [](json& record) {
    if (record.value("type", "") == "sample") record["engagement"]["unet"]["matmul_half"] = 0;
  });
  EXPECT_EQ(gate(json::array({good}), idle), 8);
}

}  // namespace
}  // namespace sameseed
