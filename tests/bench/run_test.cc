// The whole program over the `null` engine and over the embedded model, as a user starts it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/programs.h"
#include "io/files.h"
#include "io/json_schema.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kProgram = std::string(SAMESEED_BINARY_DIR) + "/bin/sameseed";

std::string write_matrix(const std::string& folder, const std::string& candidate,
                         const std::string& axes) {
  std::filesystem::remove_all(folder);
  write_file(
      folder + "/m.json",
      R"({"schema":"sameseed/matrix/1","name":"t","reference":{"engine":")" +
          std::string(candidate == "null" ? "null" : "reference") +
          R"("},"candidate":{"engine":")" + candidate + R"("},"axes":{)" + axes +
          R"(},"requests":{"prompts":["a red apple on a white background"],"seeds":[0,1],"size":"64x64","steps":4},)" +
          R"("timing":{"warmup":0,"blocks":1}})");
  return folder + "/m.json";
}

std::size_t sample_lines(const std::string& run) {
  std::ifstream in(run + "/records.jsonl");
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);)
    count += line.find("\"type\":\"sample\"") != std::string::npos;
  return count;
}

std::string schema(const std::string& name) {
  return read_file(std::string(SAMESEED_SOURCE_DIR) + "/reports/schema/" + name + ".schema.json");
}

// Each line of a log, or the report, is what its published schema says.
void expect_published_formats(const std::string& run) {
  for (const auto& [log, name] :
       {std::pair{"records.jsonl", "record"}, {"scores.jsonl", "score"}}) {
    std::ifstream in(run + "/" + log);
    std::size_t lines = 0;
    for (std::string line; std::getline(in, line); ++lines)
      EXPECT_NO_THROW(check_json(json::parse(line), schema(name), log));
    EXPECT_GT(lines, 0u) << log;
  }
  EXPECT_NO_THROW(check_json(read_json(run + "/report.json"), schema("report"), "report.json"));
}

TEST(Run, GoesOnWhereItWasCutShort) {
  const std::string folder = ::testing::TempDir() + "null-run", run = folder + "/run";
  const std::string matrix = write_matrix(folder, "null", R"("candidate.env.X":["0","1"])");
  ASSERT_EQ(run_program({kProgram, "run", matrix, "--out", run, "--quiet"}), 0);
  const std::size_t all = sample_lines(run);
  EXPECT_EQ(all, read_json(run + "/plan.json").at("samples").size());
  ASSERT_EQ(run_program({kProgram, "run", matrix, "--out", run, "--quiet"}), 0);
  EXPECT_EQ(sample_lines(run), all);  // nothing is made twice

  // Cut in the middle of the last line: its block of four is made again whole.
  const std::string log = read_file(run + "/records.jsonl");
  const std::size_t last = log.rfind("\"type\":\"sample\"");
  write_file(run + "/records.jsonl", log.substr(0, last));
  ASSERT_EQ(run_program({kProgram, "generate", run, "--quiet"}), 0);
  EXPECT_EQ(sample_lines(run), all - 1 + 4);
  EXPECT_EQ(read_json(run + "/report.json").at("verdict").at("code"), 0);
  std::filesystem::remove_all(folder);
}

TEST(Run, FilesACrashAsARowAndGoesOn) {
  const std::string folder = ::testing::TempDir() + "crash-run", run = folder + "/run";
  const std::string matrix = write_matrix(folder, "/bin/false", R"("candidate.env.X":["0"])");
  EXPECT_EQ(run_program({kProgram, "run", matrix, "--out", run, "--quiet"}), 7);
  const json report = read_json(run + "/report.json");
  EXPECT_EQ(report.at("failures").at(0).at("kind"), "crashed");
  EXPECT_EQ(report.at("comparisons").at(0).at("status"), "failed");
  EXPECT_EQ(report.at("verdict").at("code"), 7);
  expect_published_formats(run);
  std::filesystem::remove_all(folder);
}

TEST(Run, ComparesBothArmsOnTheEmbeddedModelAndProvesTheSwitches) {
  const std::string folder = ::testing::TempDir() + "nano-run", run = folder + "/run";
  const std::string matrix = write_matrix(
      folder, "accelerated",
      R"("candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION":["0",null],"candidate.request.deepcache":[null,"2/0/0"])");
  ASSERT_EQ(run_program({kProgram, "run", matrix, "--out", run, "--quiet"}), 0);
  expect_published_formats(run);
  const json report = read_json(run + "/report.json");
  ASSERT_EQ(report.at("comparisons").size(),
            7u);  // 4 settings against the reference, 3 against switches off
  for (const json& comparison : report.at("comparisons")) {
    EXPECT_EQ(comparison.at("status"), "ok") << comparison.dump();
    EXPECT_EQ(comparison.at("quality").at("psnr.rgb").at("n"), 2);
    EXPECT_GT(comparison.at("quality").at("latents.relative_l2").at("mean").get<double>(), 0);
    EXPECT_GT(comparison.at("speed").at("total_ms").at("ratio").get<double>(), 0);
    for (const auto& [axis, proof] : comparison.at("engagement").items()) {
      if (proof.contains("verdict")) {
        EXPECT_EQ(proof.at("verdict"), "engaged") << axis << proof.dump();
      }
    }
  }
  std::filesystem::remove_all(folder);
}

TEST(Run, HoldsEveryScoreAgainstAFloorAndAnOracle) {
  const std::string folder = ::testing::TempDir() + "floor-run", run = folder + "/run";
  const std::string matrix =
      write_matrix(folder, "accelerated",
                   R"("candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION":["0"])");
  ASSERT_EQ(run_program({kProgram, "run", matrix, "--floor", "--oracle", "--out", run, "--quiet"}),
            0);
  expect_published_formats(run);
  const json report = read_json(run + "/report.json");
  std::size_t exact = 0;
  for (const json& row : report.at("noise_floor").at("rows")) {
    EXPECT_EQ(row.at("quality").at("lpips.alex").at("n"), 2);
    // One processor's two runs of one program with equal inputs: not a bit may differ.
    if (row.at("kind") == "second process")
      exact += row.at("quality").at("latents.relative_l2").at("worst") == 0;
  }
  EXPECT_EQ(exact, 2u);  // the reference's and the candidate's
  const json& comparison = report.at("comparisons").at(0);
  EXPECT_EQ(comparison.at("quality").at("latents.relative_l2").at("reading"), "beyond the floor");
  // The reference computes in fp32, the candidate stores fp16: 1e-3 to 1e-2 from the truth.
  const json& oracle = comparison.at("oracle").at("latents.relative_l2");
  EXPECT_LT(oracle.at("reference").get<double>(), 1e-4);
  EXPECT_GT(oracle.at("candidate").get<double>(), 1e-4);
  EXPECT_EQ(oracle.at("reading"), "reference nearer");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sameseed
