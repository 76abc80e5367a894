// The whole program over the `null` engine and over the embedded model, as a user starts it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "bench/system/programs.h"
#include "io/files.h"
#include "io/json_schema.h"
#include "io/safetensors.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kProgram = std::string(SAMESEED_BINARY_DIR) + "/bin/sameseed";

std::string write_matrix(const std::string& folder, const std::string& candidate,
                         const std::string& axes, int steps = 2) {
  std::filesystem::remove_all(folder);
  write_file(
      folder + "/m.json",
      R"({"schema":"sameseed/matrix/1","name":"t","reference":{"engine":")" +
          std::string(candidate == "null" ? "null" : "reference") +
          R"("},"candidate":{"engine":")" + candidate + R"("},"axes":{)" + axes +
          R"(},"requests":{"prompts":["a red apple on a white background"],"seeds":[0,1],"size":"64x64","steps":)" +
          std::to_string(steps) + R"(},"timing":{"warmup":0,"blocks":1}})");
  return folder + "/m.json";
}

// A second thread makes no picture of this size sooner, and costs as much again.
int run_on_one_thread(std::vector<std::string> command) {
  command.insert(command.begin(),
                 {"/usr/bin/env", "OMP_NUM_THREADS=1", "SAMESEED_KEEP_ENV=OMP_NUM_THREADS"});
  return run_program(command);
}

std::size_t sample_lines(const std::string& run) {
  std::ifstream in(run + "/records.jsonl");
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);)
    count += line.find("\"type\":\"sample\"") != std::string::npos;
  return count;
}

std::vector<json> sample_records(const std::string& run) {
  std::vector<json> records;
  std::ifstream in(run + "/records.jsonl");
  for (std::string line; std::getline(in, line);)
    if (json record = json::parse(line); record.at("type") == "sample")
      records.push_back(std::move(record));
  return records;
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
  const std::string matrix = write_matrix(folder, "null", R"("candidate.request.guidance":[4,5])");
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
      R"("candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION":["0",null],"candidate.request.deepcache":[null,"2/0/0"],)"
      R"("both.load.vae_precision":["fp32"],"both.request.steps":[3])",
      /*steps=*/3);
  ASSERT_EQ(run_on_one_thread({kProgram, "run", matrix, "--out", run, "--quiet"}), 0);
  expect_published_formats(run);
  const json report = read_json(run + "/report.json");
  ASSERT_EQ(report.at("comparisons").size(),
            7u);  // 4 settings against the reference, 3 against switches off
  for (const json& comparison : report.at("comparisons")) {
    EXPECT_EQ(comparison.at("status"), "ok") << comparison.dump();
    EXPECT_EQ(comparison.at("quality").at("psnr.rgb").at("n"), 2);
    EXPECT_GT(comparison.at("quality").at("latents.relative_l2").at("mean").get<double>(), 0);
    // A block that other programs disturbed counts for nothing: tests run on busy machines.
    const bool timed = comparison.at("invalid").empty();
    EXPECT_EQ(comparison.at("speed").contains("total_ms"), timed) << comparison.dump();
    if (timed) {
      const json& total = comparison.at("speed").at("total_ms");
      EXPECT_GT(total.at("mean").get<double>(), 0);
      EXPECT_EQ(total.at("ratio_absent"), "too few blocks (1 of 6)");
    }
    for (const auto& [axis, proof] : comparison.at("engagement").items()) {
      if (proof.contains("verdict")) {
        EXPECT_EQ(proof.at("verdict"), "engaged") << axis << proof.dump();
      }
    }
    const json& matmul = comparison.at("engagement")
                             .at("candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION");
    const bool shares = comparison.at("against") == "switches_off" && matmul.at("value").is_null();
    EXPECT_EQ(matmul.at("evidence").get<std::string>().find("the text encoders' share") !=
                  std::string::npos,
              shares)
        << matmul;
  }
  std::filesystem::remove_all(folder);
}

TEST(Run, MeasuresPostProcessingByItself) {
  const std::string folder = ::testing::TempDir() + "enhanced-run", run = folder + "/run";
  const std::string matrix = write_matrix(
      folder, "reference",
      R"("candidate.request.enhance":[null,"unsharp","contrast"],"both.load.vae_precision":["fp64"])",
      /*steps=*/1);
  ASSERT_EQ(run_on_one_thread({kProgram, "run", matrix, "--out", run, "--quiet"}), 0);
  expect_published_formats(run);
  const json report = read_json(run + "/report.json");
  ASSERT_EQ(report.at("comparisons").size(), 5u);  // 2 of them against switches off
  for (const json& comparison : report.at("comparisons")) {
    const json asked = comparison.at("setting").at("candidate.request.enhance");
    const json& psnr = comparison.at("quality").at("psnr.rgb");
    EXPECT_EQ(psnr.at("mean").is_null(), asked.is_null()) << psnr;  // null: infinite
    EXPECT_EQ(comparison.at("quality").at("latents.relative_l2").at("worst"), 0);
    const json& proof = comparison.at("engagement").at("candidate.request.enhance");
    EXPECT_EQ(proof.at("verdict"), "engaged") << proof;
    EXPECT_EQ(proof.at("value"), asked);
    EXPECT_EQ(comparison.at("engagement").at("candidate.load.vae_precision").at("verdict"),
              "engaged");
  }
  // What it takes is in the times, also of samples that write no picture.
  for (const json& record : sample_records(run)) {
    const bool enhanced = record.at("effective").contains("enhance");
    EXPECT_EQ(record.at("timings_ms").contains("enhance"), enhanced) << record;
  }
  std::filesystem::remove_all(folder);
}

// What the reference drew, handed in again as somebody else's pictures.
TEST(Run, TakesAFolderOfPicturesForAnEngine) {
  const std::string folder = ::testing::TempDir() + "folder-run", run = folder + "/run";
  std::filesystem::remove_all(folder);
  json pictures = json::array();
  for (const int seed : {0, 1}) {
    const std::string file = "owl " + std::to_string(seed) + ".png";
    ASSERT_EQ(run_program({kProgram, "image", "--prompt", "an owl", "--seed", std::to_string(seed),
                           "--steps", "4", "--size", "64x48", "--set", "load.threads=1", "--out",
                           folder + "/their pictures/" + file}),
              0);
    pictures.push_back({{"file", file}, {"prompt", "an owl"}, {"seed", seed}});
  }
  const auto name_pictures = [&] {
    write_file(folder + "/their pictures/pictures.json",
               json{{"schema", "sameseed/pictures/1"}, {"pictures", pictures}}.dump());
  };
  name_pictures();
  write_file(
      folder + "/m.json",
      R"({"schema":"sameseed/matrix/1","candidate":{"engine":"folder","pictures":"their pictures"},)"
      R"("axes":{"reference.load.threads":[1]},)"
      R"("requests":{"prompts":["an owl"],"size":"64x48","steps":4,"seeds":[0,1]}})");
  ASSERT_EQ(run_program({kProgram, "run", folder + "/m.json", "--out", run, "--quiet"}), 0);
  expect_published_formats(run);
  const json report = read_json(run + "/report.json");
  const json& quality = report.at("comparisons").at(0).at("quality");
  EXPECT_EQ(quality.at("psnr.rgb").at("n"), 2);
  EXPECT_EQ(quality.at("psnr.rgb").at("nonfinite").at("mean"), "+inf") << quality.at("psnr.rgb");
  EXPECT_EQ(quality.at("latents.relative_l2").at("unavailable"), "an arm's engine has no latents");

  const auto expect_refusal = [&](const std::string& seed, const std::string& size,
                                  const std::string& words) {
    const CapturedOutput captured = capture_output(
        {kProgram, "image", "--engine", "folder " + folder + "/their pictures", "--prompt",
         "an owl", "--seed", seed, "--steps", "4", "--size", size, "--out", folder + "/x.png"},
        {}, std::chrono::minutes(1));
    EXPECT_EQ(captured.code, 1);
    EXPECT_NE(captured.output.find(words), std::string::npos) << captured.output;
  };
  expect_refusal("2", "64x48",
                 "pictures.json: names no picture for the prompt \"an owl\" and seed 2 (4 steps, "
                 "guidance 5, 64x48, deepcache null)");
  expect_refusal("1", "48x64", "owl 1.png: is 64x48 pixels, the request asks for 48x64");
  pictures.push_back({{"file", "owl 0.png"}, {"prompt", "an owl"}, {"seed", 1}, {"steps", 4}});
  name_pictures();
  expect_refusal("1", "64x48", "both \"owl 1.png\" and \"owl 0.png\" fit");
  std::filesystem::remove(folder + "/their pictures/owl 0.png");
  expect_refusal("1", "64x48", "owl 0.png: is named in pictures.json and not there");
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
  EXPECT_EQ(comparison.at("quality").at("latents.relative_l2").at("reading"), "too few");
  // The reference computes in fp32, the candidate stores fp16: 1e-3 to 1e-2 from the truth.
  const json& oracle = comparison.at("oracle").at("latents.relative_l2");
  EXPECT_LT(oracle.at("reference").get<double>(), 1e-4);
  EXPECT_GT(oracle.at("candidate").get<double>(), 1e-4);
  EXPECT_EQ(oracle.at("reading"), "too few");  // of two pairs nobody can say it
  std::filesystem::remove_all(folder);
}

TEST(Run, MakesAgainASampleWhoseTraceIsGone) {
  const std::string folder = ::testing::TempDir() + "null-trace", run = folder + "/run";
  const std::string matrix = write_matrix(folder, "null", R"("candidate.request.guidance":[4])");
  ASSERT_EQ(run_program({kProgram, "run", matrix, "--out", run, "--trace", "--quiet"}), 0);
  expect_published_formats(run);
  EXPECT_EQ(read_json(run + "/plan.json").at("trace"), true);
  const std::size_t all = sample_lines(run);
  std::filesystem::remove(std::filesystem::directory_iterator(run + "/traces")->path());
  ASSERT_EQ(run_program({kProgram, "run", matrix, "--out", run, "--trace", "--quiet"}), 0);
  EXPECT_EQ(sample_lines(run), all + 1);
  // The two engines do the same, and no floor was measured.
  const json trace = read_json(run + "/report.json").at("comparisons").at(0).at("trace");
  EXPECT_EQ(trace.at("pairs"), 2);
  EXPECT_TRUE(trace.at("first_step").is_null());
  EXPECT_TRUE(trace.at("first_block").is_null());
  // Without the option it is another plan, which has no word of it.
  EXPECT_EQ(run_program({kProgram, "run", matrix, "--out", run, "--quiet"}), 1);
  ASSERT_EQ(run_program({kProgram, "plan", matrix, "--out", run + "2", "--quiet"}), 0);
  EXPECT_FALSE(read_json(run + "2/plan.json").contains("trace"));
  std::filesystem::remove_all(folder);
}

TEST(Run, TracesAPartialStepToTheBlockWhereItBegan) {
  const std::string folder = ::testing::TempDir() + "nano-trace", run = folder + "/run";
  const std::string matrix = write_matrix(
      folder, "accelerated",
      R"("candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION":["0"],"candidate.request.deepcache":["2/0/0"])",
      /*steps=*/4);
  ASSERT_EQ(run_on_one_thread({kProgram, "run", matrix, "--out", run, "--trace", "--quiet"}), 0);
  expect_published_formats(run);
  const json report = read_json(run + "/report.json");
  ASSERT_EQ(report.at("comparisons").size(), 2u);
  for (const json& comparison : report.at("comparisons")) {
    const json& trace = comparison.at("trace");
    EXPECT_EQ(trace.at("pairs"), 2);
    EXPECT_EQ(trace.at("latents").size(), 4u);
    const json& blocks = trace.at("blocks");
    EXPECT_EQ(blocks.front(), "conv_in");
    EXPECT_EQ(blocks.back(), "conv_out");
    EXPECT_TRUE(trace.at("block_norms").at(1).at(1).is_null());  // a partial step in one arm
    if (comparison.at("against") == "reference") {  // which keeps its activations in fp32
      EXPECT_EQ(trace.at("first_step"), 0);
      EXPECT_EQ(trace.at("first_block"), (json{{"block", "conv_in"}, {"step", 0}}));
    } else {  // equal but for what the second step took from the cache
      EXPECT_EQ(trace.at("first_step"), 1);
      EXPECT_EQ(trace.at("first_block"),
                (json{{"block", blocks.at(blocks.size() - 2)}, {"step", 1}}));
    }
  }
  const std::string text = read_file(run + "/report.txt");
  EXPECT_NE(text.find("block norms: from conv_in in step 0 (no floor was measured"),
            std::string::npos)
      << text;
  std::filesystem::remove_all(folder);
}

// The largest fp16 number in every place of one convolution: its sums fit fp32 and not fp16.
void make_overflow(const std::filesystem::path& weights, const std::string& convolution) {
  const SafetensorsFile file = SafetensorsFile::open(weights);
  auto tensors = file.tensors();
  TensorView& weight = tensors.at(convolution + ".weight");
  const std::vector<std::uint16_t> largest(weight.data.size() / 2, 0x7BFF);
  weight.data = std::as_bytes(std::span(largest));
  write_safetensors(weights, tensors);
}

TEST(Run, CallsPicturesOfNanBrokenAndNamesTheLayer) {
  namespace fs = std::filesystem;
  const std::string folder = ::testing::TempDir() + "broken-run", run = folder + "/run";
  const std::string matrix = write_matrix(folder, "accelerated", "");
  fs::copy(std::string(SAMESEED_SOURCE_DIR) + "/tests/goldens/parity/model_a", folder + "/model",
           fs::copy_options::recursive);
  make_overflow(folder + "/model/unet/diffusion_pytorch_model.safetensors",
                "mid_block.resnets.0.conv1");
  EXPECT_EQ(
      run_program({kProgram, "run", matrix, "--model", folder + "/model", "--out", run, "--quiet"}),
      7);
  expect_published_formats(run);
  const json report = read_json(run + "/report.json");
  EXPECT_EQ(report.at("nonfinite").size(), 2u);  // the candidate's two seeds
  for (const json& broken : report.at("nonfinite"))
    EXPECT_EQ(broken.at("layers").at(0).at("layer"), "mid_block.resnets.0.conv1");
  const json& causes = report.at("verdict").at("causes");
  EXPECT_TRUE(std::any_of(causes.begin(), causes.end(), [](const json& cause) {
    return cause.at("kind") == "broken" && cause.at("text").get<std::string>().find(
                                               "mid_block.resnets.0.conv1") != std::string::npos;
  })) << causes.dump(1);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace sameseed
