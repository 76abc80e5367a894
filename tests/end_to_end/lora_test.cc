// LoRAs from a matrix and from the command line to pictures, reports and cohorts; and what is
// refused before a model is loaded.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "bench/system/programs.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

const fs::path kGoldenLoras = fs::path(SAMESEED_SOURCE_DIR) / "tests/goldens/lora";
const std::string kSmallModel = std::string(SAMESEED_SOURCE_DIR) + "/tests/goldens/parity/model_a";

class LoraRuns : public ::testing::Test {
 protected:
  struct Answer {
    int code;
    std::string text;
  };

  void SetUp() override {
    folder_ = fresh_folder(std::string("lora-") +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(in("sweep"));
    fs::copy(kGoldenLoras / "kohya.safetensors", in("styles/ink.safetensors"));
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path in(const std::string& name) const {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    return path;
  }

  Answer say(std::vector<std::string> words) const {
    words.insert(words.begin(), kProgram);
    const CapturedOutput captured =
        capture_output(words,
                       {"PATH=/usr/bin:/bin", "HOME=" + folder_.string(),
                        "XDG_CACHE_HOME=" + (folder_ / "cache").string()},
                       120s);
    return {captured.code, captured.output};
  }

  // A matrix in SWEEP/ whose arms both have these LoRAs: an environment for each.
  void write_loras(const json& values, const std::string& sweep = "sweep") const {
    const json matrix = {
        {"schema", "sameseed/matrix/1"},
        {"axes", {{"both.load.lora", values}, {"candidate.request.guidance", {4.0}}}},
        {"candidate", {{"engine", "reference"}}},
        {"requests", {{"prompts", {"a cat"}}, {"size", "64x64"}, {"steps", 1}}},
        {"timing", {{"warmup", 0}, {"blocks", 0}}}};
    write_file(in(sweep + "/m.json"), matrix.dump());
  }
  Answer plan(const std::string& out, const std::string& sweep = "sweep") const {
    return say(
        {"plan", in(sweep + "/m.json"), "--model", kSmallModel, "--out", in(out), "--quiet"});
  }
  Answer run(const std::string& out, const std::string& sweep = "sweep") const {
    Answer said = plan(out, sweep);
    for (const char* command : {"generate", "report"})
      if (said.code == 0) said = say({command, in(out)});
    return said;
  }
  json report(const std::string& out) const { return read_json(in(out + "/report.json")); }

  fs::path folder_;
};

const json kInk = {{"path", "../styles/ink.safetensors"}, {"scale", 0.8}};

// Folders may hold files of one name, as diffusers and PEFT give to all.
TEST_F(LoraRuns, AreOneByContentAndNamedInTheReport) {
  fs::copy(kGoldenLoras / "older_diffusers.safetensors", in("styles/other/ink.safetensors"));
  write_loras({kInk, {{"path", "../styles/other/ink.safetensors"}, {"scale", 0.8}}});
  const Answer made = run("a");
  ASSERT_EQ(made.code, 0) << made.text;
  EXPECT_NE(read_file(in("a/report.txt")).find("lora ../styles/ink.safetensors at 0.8"),
            std::string::npos)
      << read_file(in("a/report.txt"));
  const json cohort = report("a").at("cohort");
  ASSERT_EQ(cohort.at("workers").size(), 2u) << cohort.dump(1);
  for (const json& engine : cohort.at("workers"))
    EXPECT_TRUE(engine.at("files").contains("lora/1/ink.safetensors"));
  EXPECT_EQ(cohort.at("differs"), json::array());
  for (const json& comparison : report("a").at("comparisons"))
    EXPECT_EQ(comparison.at("status"), "ok") << comparison.dump(1);

  fs::rename(in("styles"), in("elsewhere/styles"));
  fs::rename(in("sweep"), in("elsewhere/sweep"));
  ASSERT_EQ(run("b", "elsewhere/sweep").code, 0);
  EXPECT_EQ(report("b").at("cohort"), cohort);

  std::string bytes = read_file(in("elsewhere/styles/ink.safetensors"));
  bytes[bytes.size() - 2] = static_cast<char>(bytes[bytes.size() - 2] ^ 1);  // of a value
  write_file(in("elsewhere/styles/ink.safetensors"), bytes);
  fs::remove_all(in("b/images"));
  const Answer changed = say({"generate", in("b")});
  EXPECT_EQ(changed.code, 6) << changed.text;
  EXPECT_NE(changed.text.find("lora/1/ink.safetensors of " +
                              in("elsewhere/styles/ink.safetensors").string() + " is not the file"),
            std::string::npos)
      << changed.text;
}

TEST_F(LoraRuns, AreRefusedByThePlanWithFileKeyAndRemedy) {
  const auto expect_refused = [&](const std::string& file, const std::vector<std::string>& parts) {
    write_loras({"../styles/" + file});
    const Answer said = plan("refused");
    EXPECT_EQ(said.code, 1) << said.text;
    EXPECT_EQ(std::count(said.text.begin(), said.text.end(), '\n'), 1) << said.text;
    EXPECT_TRUE(said.text.starts_with("sameseed: " + (folder_ / "styles" / file).string() + ": "))
        << said.text;
    for (const std::string& part : parts)
      EXPECT_NE(said.text.find(part), std::string::npos) << said.text;
    EXPECT_FALSE(fs::exists(in("refused/plan.json")));
  };
  expect_refused("none.safetensors", {"no such LoRA; name a .safetensors file"});
  write_file(in("styles/ink.ckpt"), "PK");
  expect_refused("ink.ckpt", {"is a pickle", "convert it"});
  write_file(in("styles/lfs.safetensors"),
             "version https://git-lfs.github.com/spec/v1\noid sha256:" + std::string(64, '0') +
                 "\nsize 9\n");
  expect_refused("lfs.safetensors", {"is a Git LFS pointer", "git lfs pull"});
  // The good file, with one thing broken.
  const std::string query = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.";
  const auto broken = [&](const std::string& name, auto&& break_it) {
    const SafetensorsFile good = SafetensorsFile::open(in("styles/ink.safetensors"));
    auto tensors = good.tensors();
    break_it(tensors);
    write_safetensors(in("styles/" + name), tensors);
  };
  broken("shape.safetensors", [&](auto& all) { all[query + "lora_down.weight"].shape = {8, 8}; });
  expect_refused("shape.safetensors",
                 {query + "lora_down.weight: has shape [8, 8]", "needs [8, 16]", "another model"});
  broken("half.safetensors", [&](auto& all) { all.erase(query + "lora_up.weight"); });
  expect_refused("half.safetensors", {query + "lora_down.weight: the upper", "download it again"});
  broken("dora.safetensors",
         [&](auto& all) { all[query + "dora_scale"] = all.at(query + "alpha"); });
  expect_refused("dora.safetensors", {query + "dora_scale: is DoRA", "merge it into the model"});
  broken("key.safetensors", [&](auto& all) { all["extra"] = all.at(query + "alpha"); });
  expect_refused("key.safetensors", {"extra: is no name of kohya's", "remove it"});
  write_loras({"../styles/ink.safetensors"});
  EXPECT_EQ(plan("good").code, 0);
}

// Three files of three formats, as `--lora` names them, by the sampler of few-step LoRAs; the
// latents are diffusers'.
TEST_F(LoraRuns, AreFusedInTheOrderOfTheCommandLineAndRunInFewSteps) {
  const auto lora = [](const char* name, const char* scale) {
    return (kGoldenLoras / name).string() + "=" + scale;
  };
  std::vector<std::string> words = {"image", "--model", kSmallModel, "--prompt", "a cat"};
  const std::vector<std::string> options[] = {
      {"--seed", "1", "--steps", "4", "--guidance", "1", "--size", "64x64"},
      {"--scheduler", "LCMScheduler"},
      {"--lora", lora("kohya.safetensors", "0.6"), "--lora", lora("peft", "0.25")},
      {"--lora", lora("diffusers", "1.5"), "--out", in("x.png"), "--tensors", in("x.safetensors")}};
  for (const auto& more : options) words.insert(words.end(), more.begin(), more.end());
  const Answer said = say(words);
  ASSERT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("diffusers gives 1 of the layers of"), std::string::npos) << said.text;
  const SafetensorsFile got = SafetensorsFile::open(in("x.safetensors")),
                        wanted = SafetensorsFile::open(kGoldenLoras / "latents.safetensors");
  const auto values = [](const SafetensorsFile& file, const std::string& name) {
    const TensorView& view = file.tensors().at(name);
    std::vector<float> list(view.data.size() / sizeof(float));
    std::memcpy(list.data(), view.data.data(), view.data.size());
    return list;
  };
  const std::vector<float> ours = values(got, "latents"), theirs = values(wanted, "few steps/fp32");
  ASSERT_EQ(ours.size(), theirs.size());
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    difference += std::pow(double{ours[i]} - theirs[i], 2);
    size += std::pow(theirs[i], 2);
  }
  EXPECT_LE(std::sqrt(difference / size), 1.2e-5);  // the limit of all final latents
  const Answer wrong = say({"image", "--model", kSmallModel, "--prompt", "a cat", "--lora",
                            in("styles/ink.safetensors").string() + "=much", "--out", in("y.png")});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_NE(wrong.text.find("must be FILE or FILE=SCALE with a number"), std::string::npos);
}

}  // namespace
}  // namespace sameseed
