// What makes two runs, starts or shards equal, and what makes them different: content and
// surroundings, and never the names of folders.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "bench/system/programs.h"
#include "io/files.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

using Words = std::vector<std::string>;

constexpr const char *kUnet = "unet/diffusion_pytorch_model.safetensors",
                     *kVae = "vae/diffusion_pytorch_model.safetensors",
                     *kScheduler = "scheduler/scheduler_config.json",
                     *kTokenizer = "tokenizer_2/special_tokens_map.json";

struct Said {
  int code;
  std::string text;
};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Run `a` of a model of this test's own: two pictures of the reference engine.
class Identity : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fresh_folder("identity");
    fs::copy(data("reference/nano-sdxl"), model(),
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    write_file(
        folder_ + "/m.json",
        json{{"schema", "sameseed/matrix/1"},
             {"name", "identity"},
             {"axes", {{"candidate.request.guidance", {4.0}}}},
             {"candidate", {{"engine", "reference"}}},
             {"requests",
              {{"prompts", {"a red apple"}}, {"seeds", {0}}, {"size", "64x64"}, {"steps", 1}}},
             {"timing", {{"warmup", 0}, {"blocks", 0}}}}
            .dump());
    const Said made = run("a");
    ASSERT_EQ(made.code, 0) << made.text;
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static std::string model() { return folder_ + "/model"; }
  static std::string in(const std::string& name) { return folder_ + "/" + name; }

  static Said say(Words command, const Words& variables = {}) {
    command.insert(command.begin(), kProgram);
    Words environment = {"PATH=/usr/bin:/bin", "HOME=" + folder_,
                         "XDG_CACHE_HOME=" + folder_ + "/cache", "XDG_DATA_HOME=" + folder_};
    environment.insert(environment.end(), variables.begin(), variables.end());
    const CapturedOutput captured = capture_output(command, environment, 300s);
    return {captured.code, captured.output};
  }
  // Plans, generates and reports: what a run is made of is no matter of its scores, and the scorer
  // takes as long as the pictures.
  static Said run(const std::string& out, const Words& variables = {}, const Words& options = {},
                  const std::string& of_model = model()) {
    return run_of(in("m.json"), of_model, in(out), variables, options, {});
  }
  static Said run_of(const std::string& matrix, const std::string& of_model, const std::string& out,
                     const Words& variables, const Words& of_plan, const Words& of_generate) {
    Words plan = {"plan", matrix, "--model", of_model, "--out", out, "--quiet"};
    plan.insert(plan.end(), of_plan.begin(), of_plan.end());
    Words generate = {"generate", out, "--quiet"};
    generate.insert(generate.end(), of_generate.begin(), of_generate.end());
    Said said = {0, ""};
    for (const Words& command : {plan, generate, Words{"report", out}}) {
      const Said of_this = say(command, variables);
      said = {of_this.code, said.text + of_this.text};
      if (said.code != 0) break;
    }
    return said;
  }
  static Said compare(const std::string& b) { return say({"compare", in("a"), in(b)}); }
  static json cohort(const std::string& of) {
    return read_json(in(of) + "/report.json").at("cohort");
  }

  // Another byte in the middle of a file, or another word in a text; put back at the end.
  class Changed {
   public:
    explicit Changed(const std::string& name)
        : file_(model() + "/" + name), was_(read_file(file_)) {
      std::string now = was_;
      if (const auto at = now.find("\"leading\""); at != std::string::npos)
        now.replace(at, 9, "\"trailing\"");
      else if (name.ends_with(".json"))
        now += "\n";
      else
        now[now.size() / 2] = static_cast<char>(now[now.size() / 2] ^ 1);
      write_file(file_, now);
    }
    ~Changed() { put_back(); }
    void put_back() const { write_file(file_, was_); }

   private:
    const std::string file_, was_;
  };

  static std::string folder_;
};

std::string Identity::folder_;

TEST_F(Identity, IsThatOfEveryModelFileThatWasRead) {
  const Changed unet(kUnet), vae(kVae), scheduler(kScheduler), tokenizer(kTokenizer);
  ASSERT_EQ(run("changed").code, 0);
  const Said compared = compare("changed");
  EXPECT_EQ(compared.code, 6) << compared.text;
  for (const char* name : {kUnet, kVae, kScheduler, kTokenizer})
    EXPECT_TRUE(holds(compared.text, name)) << compared.text;
  EXPECT_NE(cohort("changed").at("hash"), cohort("a").at("hash"));
}

TEST_F(Identity, IsTheSameInAnotherFolder) {
  fs::copy(model(), in("elsewhere"), fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  write_file(in("elsewhere/notes.json"), "{}");  // nobody reads it
  const Said made = run("moved", {}, {}, in("elsewhere"));
  ASSERT_EQ(made.code, 0) << made.text;
  EXPECT_EQ(cohort("moved"), cohort("a"));
  EXPECT_NE(compare("moved").code, 6);
}

TEST_F(Identity, DoesNotDependOnVariablesThatReachNoWorker) {
  const Words switches = {"ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION=0",
                          "TORCH_CUDNN_V8_API_DISABLED=1",
                          "OMP_NUM_THREADS=1",
                          "MKL_CBWR=COMPATIBLE",
                          "ATEN_CPU_CAPABILITY=default",
                          "ONEDNN_MAX_CPU_ISA=SSE41",
                          "CUBLAS_WORKSPACE_CONFIG=:16:8",
                          "NVIDIA_TF32_OVERRIDE=0"};
  const Words harmless = {"TERM=xterm",         "PWD=/",          "SSH_CLIENT=1.2.3.4 5 6",
                          "SSH_TTY=/dev/pts/1", "SLURM_JOB_ID=7", "LANG=C",
                          "TMPDIR=" + in("tmp")};
  fs::create_directories(in("tmp"));
  Words all = switches;
  all.insert(all.end(), harmless.begin(), harmless.end());
  const Said made = run("variables", all);
  ASSERT_EQ(made.code, 0) << made.text;
  EXPECT_EQ(cohort("variables"), cohort("a"));
  EXPECT_EQ(read_json(in("variables/plan.json")), read_json(in("a/plan.json")));
  for (const std::string& one : switches) {
    const std::string name = one.substr(0, one.find('='));
    EXPECT_TRUE(holds(made.text, "warning: " + name)) << made.text;
    EXPECT_TRUE(holds(made.text, "--keep-env " + name)) << made.text;
  }
  for (const std::string& one : harmless)
    EXPECT_FALSE(holds(made.text, "warning: " + one.substr(0, one.find('=')))) << made.text;
}

TEST_F(Identity, HoldsTheVariablesThatAreKept) {
  const Said made = run("kept", {"OMP_NUM_THREADS=1"}, {"--keep-env", "OMP_NUM_THREADS"});
  ASSERT_EQ(made.code, 0) << made.text;
  EXPECT_FALSE(holds(made.text, "warning")) << made.text;
  EXPECT_EQ(cohort("kept").at("variables"), json({{"OMP_NUM_THREADS", "1"}}));
  for (const json& made_case : read_json(in("kept/plan.json")).at("cases"))
    for (const json& other : read_json(in("a/plan.json")).at("cases"))
      EXPECT_NE(made_case.at("id"), other.at("id"));
  const Said compared = compare("kept");
  EXPECT_EQ(compared.code, 6);
  EXPECT_TRUE(holds(compared.text, "variables.OMP_NUM_THREADS")) << compared.text;
  const bool one_core = cohort("a").at("host").at("cores") == 1;
  EXPECT_TRUE(one_core || holds(compared.text, ".threads")) << compared.text;
  for (const char* file : {"/report.txt", "/report.md", "/report.html"})
    EXPECT_TRUE(holds(read_file(in("kept") + file), "OMP")) << file;
  EXPECT_TRUE(holds(run("kept", {"OMP_NUM_THREADS=1"}).text,
                    "holds a run of another plan (now OMP_NUM_THREADS is unset, not \"1\""));
  EXPECT_EQ(run("unset", {}, {"--keep-env", "OMP_NUM_THREADS"}).code, 1);
}

TEST_F(Identity, OfAnOutsideEngineIsItsScript) {
  const std::string engine = "#!/bin/sh\nexec " + kMisbehaving + " none\n";
  for (const char* folder : {"one", "two", "three"}) {
    write_file(in(folder) + "/engine.sh", engine + (folder[1] == 'h' ? "# a change\n" : ""));
    json matrix = read_json(in("m.json"));
    matrix["reference"]["engine"] = matrix["candidate"]["engine"] =
        "/bin/sh " + in(folder) + "/engine.sh";
    write_file(in(folder) + ".json", matrix.dump());
    const Said made = run_of(in(folder) + ".json", model(), in(folder) + "/run", {}, {}, {});
    ASSERT_EQ(made.code, 0) << made.text;
  }
  EXPECT_EQ(cohort("one/run"), cohort("two/run"));
  const Said compared = say({"compare", in("one/run"), in("three/run")});
  EXPECT_EQ(compared.code, 6);
  EXPECT_TRUE(holds(compared.text, "program.engine.sh")) << compared.text;
}

TEST_F(Identity, IsOneForAllStartsOfARun) {
  fs::copy(in("a"), in("resumed"), fs::copy_options::recursive);
  fs::remove_all(in("resumed/images"));
  const Changed changed(kUnet);
  const Said refused = run("resumed");
  EXPECT_EQ(refused.code, 6) << refused.text;
  EXPECT_TRUE(holds(refused.text, kUnet)) << refused.text;
  changed.put_back();
  const Said made = run("resumed", {"OMP_NUM_THREADS=1", "SLURM_JOB_ID=7"});
  EXPECT_EQ(made.code, 0) << made.text;
  EXPECT_EQ(cohort("resumed"), cohort("a"));
}

TEST_F(Identity, IsOneForAllShards) {
  const auto shard = [](const std::string& index, const std::string& out) {
    json matrix = read_json(in("m.json"));
    matrix["candidate"]["engine"] = "accelerated";  // a shard for each arm
    write_file(in("shards.json"), matrix.dump());
    return run_of(in("shards.json"), model(), in(out), {}, {}, {"--shard", index + "/2"});
  };
  ASSERT_EQ(shard("1", "s1").code, 0);
  ASSERT_EQ(shard("2", "s2").code, 0);
  {
    const Changed changed(kVae);
    ASSERT_EQ(shard("2", "s2-of-another").code, 0);
  }
  const Said refused = say({"merge", in("s1"), in("s2-of-another"), "--out", in("mixed")});
  EXPECT_EQ(refused.code, 6) << refused.text;
  EXPECT_TRUE(holds(refused.text, kVae)) << refused.text;
  // In whatever order they are named, the joined run is one run of the ledger.
  ASSERT_EQ(say({"merge", in("s1"), in("s2"), "--out", in("joined")}).code, 0);
  ASSERT_EQ(say({"merge", in("s2"), in("s1"), "--out", in("joined-too")}).code, 0);
  for (const char* run : {"joined", "joined-too"}) {
    const Said added = say({"history", "--ledger", in("ledger.sqlite"), "add", in(run)});
    EXPECT_TRUE(holds(added.text, "; 1 runs in the ledger")) << added.text;
  }
}

TEST_F(Identity, IsNotKnownOfRunsOfAnOlderVersion) {
  const std::string old = in("old");
  fs::copy(data("tests/fixtures/run-of-f80ef06"), old, fs::copy_options::recursive);
  const Said reported = say({"report", old});
  EXPECT_EQ(reported.code, 0) << reported.text;
  for (const json& engine : cohort("old").at("workers"))
    EXPECT_EQ(engine.at("files"), "not recorded");
  EXPECT_EQ(cohort("old").at("variables"), "not recorded");
  const Said compared = say({"compare", old, old});
  EXPECT_EQ(compared.code, 6) << compared.text;
  EXPECT_TRUE(holds(compared.text, "not recorded")) << compared.text;
  for (const Words& command :
       {Words{"generate", old}, Words{"run", old + "/matrix.json", "--out", old}}) {
    const Said refused = say(command);
    EXPECT_EQ(refused.code, 1) << refused.text;
    EXPECT_TRUE(holds(refused.text, "a run of an older version")) << refused.text;
  }
  fs::copy(data("tests/fixtures/ledger-of-f80ef06.sqlite"), in("old.sqlite"));
  EXPECT_EQ(say({"history", "--ledger", in("old.sqlite"), "show"}).code, 0);
  EXPECT_TRUE(holds(say({"baseline", "--ledger", in("old.sqlite"), "list"}).text,
                    "/runs/old  (of an older format: no baseline for new runs)"));
  const Said accepted = say({"baseline", "--ledger", in("old.sqlite"), "accept", old});
  EXPECT_EQ(accepted.code, 1) << accepted.text;
  EXPECT_TRUE(holds(accepted.text, "is no baseline; make the run anew")) << accepted.text;
  EXPECT_TRUE(holds(say({"history", "--ledger", in("old.sqlite"), "add", in("a")}).text,
                    "; 2 runs in the ledger"));
  // Its own report, as it was, judges nothing; nor does the one written anew.
  const Said judged = say({"gate", old, "--gates", old + "/gates-of-baseline.json", "--baseline",
                           old + "/report.json"});
  EXPECT_EQ(judged.code, 6) << judged.text;
  EXPECT_TRUE(holds(judged.text, "not recorded")) << judged.text;
}

}  // namespace
}  // namespace sameseed
