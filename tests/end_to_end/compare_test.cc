// `compare`, `history` and `baseline` as a user starts them, over runs of the `null` engine that
// were changed in one thing.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "bench/system/programs.h"
#include "io/files.h"
#include "io/picture.h"
#include "io/png.h"
#include "io/sha256.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// Run `a`, with a GPU written into its cohort; its copies are made by change().
class TwoRuns : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fresh_folder("compare");
    const std::string matrix =
        write_matrix(folder_, kMisbehaving + " none", {0}, /*blocks=*/6, "64x64");
    json asked = read_json(matrix);
    asked["requests"]["prompts"] = {"a cat", "a dog", "an owl", "a car",
                                    "a cup", "a hut", "a sun",  "a hat"};
    write_file(matrix, asked.dump(1));
    ASSERT_EQ(run_program({kProgram, "run", matrix, "--out", folder_ + "/made", "--quiet"}), 0);
    forget_invalid_times(folder_ + "/made");
    change("made", "a", [](json& record) {
      if (record.at("type") == "run")
        record["cohort"]["devices"] = {{{"name", "H100"}, {"driver", "580"}, {"cuda", "13.0"}}};
    });
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }

  // A copy of a run in which every line of its log went through `take`.
  template <typename Take>
  static void change(const std::string& from, const std::string& to, Take take) {
    std::filesystem::copy(folder_ + "/" + from, folder_ + "/" + to,
                          std::filesystem::copy_options::recursive);
    std::istringstream in(read_file(folder_ + "/" + to + "/records.jsonl"));
    std::string changed;
    for (std::string line; std::getline(in, line);) {
      json record = json::parse(line);
      if (record.contains("start")) record["start"] = to + record.at("start").get<std::string>();
      take(record);
      changed += record.dump() + "\n";
    }
    write_file(folder_ + "/" + to + "/records.jsonl", changed);
  }
  static void another_driver(json& record) {
    if (record.at("type") != "run") return;
    record["cohort"]["devices"][0]["driver"] = "590";
    record["cohort"]["devices"][0]["cuda"] = "13.1";
  }

  struct Said {
    int code;
    std::string text;
  };
  static Said say(std::vector<std::string> command) {
    command.insert(command.begin(), kProgram);
    const CapturedOutput captured = capture_output(command, {"XDG_DATA_HOME=" + folder_}, 60s);
    return {captured.code, captured.output};
  }
  static Said compare(const std::string& b, std::vector<std::string> options = {}) {
    options.insert(options.begin(), "compare");
    options.insert(options.end(), {folder_ + "/a", folder_ + "/" + b});
    return say(options);
  }
  static bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  static std::string folder_;
};

std::string TwoRuns::folder_;

TEST_F(TwoRuns, AreTwo) {
  const Said itself = compare("a");
  EXPECT_EQ(itself.code, 6) << itself.text;
  EXPECT_TRUE(holds(itself.text, "this is the same run, or a copy of it")) << itself.text;
}

TEST_F(TwoRuns, ShowNoDifferenceWhereThereIsNone) {
  change("a", "equal", [](json&) {});
  const Said said = compare("equal", {"--out", folder_ + "/compared"});
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_TRUE(holds(said.text, "verdict: not worse (0)")) << said.text;
  const json compared = read_json(folder_ + "/compared/compare.json");
  EXPECT_EQ(compared.at("schema"), "sameseed/compare/2");
  EXPECT_EQ(read_file(folder_ + "/compared/compare.txt"), said.text);
  int pictures = 0;
  for (const json& claim : compared.at("claims")) {
    EXPECT_EQ(claim.at("reading"), "equal") << claim.dump(1);
    pictures += claim.at("about") == "pictures" && claim.at("pairs") == 8;
  }
  EXPECT_GT(pictures, 0);
}

TEST_F(TwoRuns, AreNotComparedAcrossDriversUnlessTheDriverIsVaried) {
  change("a", "driver", another_driver);
  const Said refused = compare("driver");
  EXPECT_EQ(refused.code, 6);
  EXPECT_TRUE(holds(refused.text, "devices.0.driver             580 -> 590   NOT VARIED"))
      << refused.text;
  const Said allowed = compare("driver", {"--vary", "driver"});
  EXPECT_EQ(allowed.code, 0) << allowed.text;
  EXPECT_TRUE(holds(allowed.text, "comes with driver")) << allowed.text;
  EXPECT_EQ(compare("driver", {"--vary", "nonsense"}).code, 1);
  change("a", "same-driver", [](json&) {});
  const Said not_varied = compare("same-driver", {"--vary", "driver"});
  EXPECT_EQ(not_varied.code, 6);
  EXPECT_TRUE(holds(not_varied.text, "driver was not varied: it is 580 in both runs"))
      << not_varied.text;
}

TEST_F(TwoRuns, MissWhatCrashedWasNotScoredOrBeganWithOtherNoise) {
  std::set<std::string> candidates;
  const json plan = read_json(folder_ + "/a/plan.json");
  for (const json& comparison : plan.at("comparisons"))
    for (const json& pair : comparison.at("pairs")) candidates.insert(pair.at("candidate"));
  change("a", "crashed", [&](json& record) {
    if (record.value("kind", "") != "quality" || !candidates.contains(record.at("case"))) return;
    record["outcome"] = "crashed";
    record["error"] = "gone";
  });
  const Said crashed = compare("crashed");
  EXPECT_EQ(crashed.code, 7) << crashed.text;
  EXPECT_TRUE(holds(crashed.text, "8 of 8 pairs are missing in B (candidate crashed)"))
      << crashed.text;
  change("a", "unscored", [](json&) {});
  std::filesystem::remove(folder_ + "/unscored/scores.jsonl");
  const Said unscored = compare("unscored");
  EXPECT_EQ(unscored.code, 5) << unscored.text;
  EXPECT_TRUE(holds(unscored.text, "B was not scored")) << unscored.text;
  change("a", "noise", [](json& record) {
    if (record.contains("hashes")) record["hashes"]["noise"] = std::string(64, '0');
  });
  const Said noise = compare("noise");
  EXPECT_EQ(noise.code, 6) << noise.text;
  EXPECT_TRUE(holds(noise.text, "not the same seeds: 8 pictures")) << noise.text;
}

TEST_F(TwoRuns, ShowASlowdownOfThreePercent) {
  change("a", "slow", [](json& record) {
    another_driver(record);
    if (!record.contains("timings_ms")) return;
    for (const char* name : {"text", "decode", "total"})
      record["timings_ms"][name] = 1.03 * record["timings_ms"][name].get<double>();
    for (json& step : record["timings_ms"]["steps"]) step = 1.03 * step.get<double>();
  });
  const Said said = compare("slow", {"--vary", "driver"});
  EXPECT_EQ(said.code, 3) << said.text;
  EXPECT_TRUE(holds(said.text, "+3.00 %")) << said.text;
}

// The scorer's own work: every channel of the setting's pictures is brighter by 3 of 255 levels,
// which is a CIEDE2000 of about 1.
TEST_F(TwoRuns, ShowAColourCastOfOneDeltaE) {
  change("a", "cast", [](json&) {});
  const json plan = read_json(folder_ + "/cast/plan.json");
  std::set<std::string> cast;
  std::map<std::string, std::string> new_hash;  // sample -> of its repainted picture
  for (const json& comparison : plan.at("comparisons"))
    if (comparison.at("setting").at("candidate.env.X") == "1")
      for (const json& pair : comparison.at("pairs")) cast.insert(pair.at("candidate"));
  for (const json& sample : plan.at("samples"))
    if (sample.at("kind") == "quality" && cast.contains(sample.at("case"))) {
      const std::string file =
          folder_ + "/cast/images/" + sample.at("id").get<std::string>() + ".png";
      Image image = read_picture(file).image;
      for (std::uint8_t& level : image.rgb)
        level = static_cast<std::uint8_t>(level > 200 ? level - 3 : level + 3);
      write_png(file, image);
      new_hash[sample.at("id")] = sha256_of_file(file);
    }
  // As if the engine had made it so: a picture that is not the one of its record is not scored.
  EXPECT_EQ(say({"score", folder_ + "/cast"}).code, 0);
  EXPECT_TRUE(holds(read_file(folder_ + "/cast/scores.jsonl"), "is not the file that was made"));
  change("cast", "repainted", [&](json& record) {
    if (record.at("type") == "sample" && new_hash.contains(record.at("sample")))
      record["files"]["image"] = new_hash.at(record.at("sample"));
  });
  ASSERT_EQ(say({"score", folder_ + "/repainted"}).code, 0);
  const Said said = compare("repainted");
  EXPECT_EQ(said.code, 2) << said.text;
  EXPECT_TRUE(holds(said.text, "color.delta_e_mean")) << said.text;
}

TEST_F(TwoRuns, GoIntoTheLedgerOnceAndComeOutAsSeriesAndBaselines) {
  EXPECT_EQ(say({"history", "show"}).code, 1);  // there is none yet
  for (int i = 0; i < 2; ++i) {
    const Said added = say({"history", "add", folder_ + "/made"});
    EXPECT_EQ(added.code, 0);
    EXPECT_TRUE(holds(added.text, "; 1 runs in the ledger")) << added.text;
  }
  EXPECT_TRUE(holds(say({"history", "show", "--metric", "psnr.luma"}).text, "1 runs, newest"));
  const Said csv = say({"history", "export", "--csv", "--metric", "total_ms", "--setting", "X 1"});
  EXPECT_EQ(std::count(csv.text.begin(), csv.text.end(), '\n'), 1 + 1) << csv.text;
  EXPECT_TRUE(holds(say({"baseline", "list"}).text, "no run is accepted"));
  EXPECT_EQ(say({"baseline", "accept", folder_ + "/made"}).code, 0);
  EXPECT_TRUE(holds(say({"baseline", "list"}).text, folder_ + "/made"));
  EXPECT_EQ(say({"baseline", "revoke", folder_ + "/made"}).code, 0);
  EXPECT_TRUE(holds(say({"baseline", "list"}).text, "no run is accepted"));
  EXPECT_EQ(say({"baseline", "revoke", folder_ + "/made"}).code, 1);
  EXPECT_TRUE(holds(say({"baseline", "log"}).text, "revoked"));
  EXPECT_EQ(say({"history", "show", "--metric", "nonsense"}).code, 1);
  EXPECT_EQ(say({"history", "add", folder_}).code, 1);
}

TEST_F(TwoRuns, ThatWereBothAcceptedAreHeldAgainstTheOneBefore) {
  const std::string gates = folder_ + "/baseline-gates.json", ledger = folder_ + "/own.sqlite";
  write_file(gates, R"({"schema":"sameseed/gate/1","gates":[{"metric":"lpips.alex",
    "statistic":"mean","at_most":{"baseline":true,"margin":1}}]})");
  for (const char* name : {"monday", "tuesday"}) {
    change("made", name, [&](json& record) {
      if (record.at("type") == "run") record["started"] = std::string(name);
    });
    ASSERT_EQ(say({"report", folder_ + "/" + name}).code, 0);
    const Said accepted = say({"baseline", "accept", folder_ + "/" + name, "--ledger", ledger});
    ASSERT_EQ(accepted.code, 0) << accepted.text;
  }
  const auto judged = [&] {
    return say({"gate", folder_ + "/tuesday", "--gates", gates, "--baseline", "accepted",
                "--ledger", ledger});
  };
  EXPECT_EQ(judged().code, 0) << judged().text;
  ASSERT_EQ(say({"baseline", "revoke", folder_ + "/monday", "--ledger", ledger}).code, 0);
  EXPECT_EQ(judged().code, 5) << judged().text;  // it is all there is, and equal to itself
}

}  // namespace
}  // namespace sameseed
