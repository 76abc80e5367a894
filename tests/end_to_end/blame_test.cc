// Whose fault a failure is: the process that draws noise, the scorer and an engine that will not
// load are told apart from an engine that breaks.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "io/files.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;

// The programs once more in a folder of their own, where a script may stand in for one of them.
class Blame : public ::testing::Test {
 protected:
  Blame() : folder_(fresh_folder("blame")), bin_(folder_ + "/bin") {
    std::filesystem::create_directories(bin_);
    const auto built = std::filesystem::path(kProgram).parent_path();
    for (const char* name : {"sameseed", "sameseed-worker", "sameseed-scorer"})
      std::filesystem::copy_file(built / name, bin_ + "/" + name);
  }
  ~Blame() override { std::filesystem::remove_all(folder_); }

  // `text` is a shell script that ends as the program should; "$real" is the true one.
  void replace(const std::string& name, const std::string& text) const {
    std::filesystem::rename(bin_ + "/" + name, bin_ + "/" + name + ".real");
    write_file(bin_ + "/" + name, "#!/bin/sh\nreal=" + bin_ + "/" + name + ".real\n" + text + "\n");
    std::filesystem::permissions(bin_ + "/" + name, std::filesystem::perms::owner_all);
  }

  int run(const std::string& engine, const std::vector<int>& seeds) const {
    const std::string matrix = write_matrix(folder_, engine, seeds, 0);
    return Started({bin_ + "/sameseed", "run", matrix, "--out", run_, "--quiet"}, log_).wait();
  }

  std::map<std::string, int> outcomes() const {
    std::map<std::string, int> counts;
    for (const auto& [id, record] : lasting_records(run_)) ++counts[record.at("outcome")];
    return counts;
  }
  // How often a worker loaded an environment.
  std::size_t loads() const {
    std::size_t count = 0;
    const std::string records = read_file(run_ + "/records.jsonl");
    for (std::size_t at = 0; (at = records.find(R"("type":"worker")", at)) != std::string::npos;
         ++at)
      ++count;
    return count;
  }

  const std::string folder_, bin_, run_ = folder_ + "/run", log_ = folder_ + "/log";
};

// A noise process that draws so many and is killed.
std::string dies_after(int noises) {
  return "[ \"$1\" = noise ] || exec $real \"$@\"\ni=0\n"
         "while read -r line; do echo \"$line\" | $real noise; i=$((i+1)); [ $i = " +
         std::to_string(noises) + " ] && kill -9 $$; done";
}

TEST_F(Blame, ANoiseProcessThatDiesOnceIsStartedAgainAndNobodyNotices) {
  replace("sameseed-worker", dies_after(2));
  EXPECT_EQ(run(kMisbehaving + " none", {0, 1, 2, 3, 4}), 0) << read_file(log_);
  EXPECT_EQ(outcomes(), (std::map<std::string, int>{{"ok", 15}}));
  EXPECT_EQ(loads(), 3u);  // no engine was dropped for it
}

// It cannot draw seed 1.
TEST_F(Blame, ANoiseProcessThatKeepsDyingIsAKindOfItsOwnAndNoStrike) {
  replace("sameseed-worker",
          "[ \"$1\" = noise ] || exec $real \"$@\"\n"
          "while read -r line; do case \"$line\" in *'\"seed\":1,'*) echo cannot >&2; kill -9 $$;; "
          "esac\n"
          "echo \"$line\" | $real noise; done");
  EXPECT_EQ(run(kMisbehaving + " none", {0, 1, 2}), 7) << read_file(log_);
  EXPECT_EQ(outcomes(), (std::map<std::string, int>{{"no_noise", 3}, {"ok", 6}}));
  EXPECT_EQ(loads(), 3u);
  for (const json& failure : read_json(run_ + "/report.json").at("failures")) {
    EXPECT_EQ(failure.at("kind"), "no_noise");
    EXPECT_EQ(failure.at("log_tail").back(), "cannot");
  }
}

TEST_F(Blame, NothingIsMadeWhereNoNoiseCanBeDrawnAtAll) {
  replace("sameseed-worker", "[ \"$1\" = noise ] || exec $real \"$@\"\nexit 3");
  EXPECT_EQ(run("null", {0, 1, 2}), 7);
  EXPECT_NE(read_file(log_).find("no noise can be drawn: the worker ended with exit code 3"),
            std::string::npos)
      << read_file(log_);
  EXPECT_TRUE(outcomes().empty());
}

TEST_F(Blame, AnEngineThatIsNotThereIsFoundBeforeTheFirstSample) {
  EXPECT_EQ(run("/no/such/engine --fast", {0, 1, 2}), 7);
  EXPECT_NE(read_file(log_).find("there is no program /no/such/engine"), std::string::npos)
      << read_file(log_);
  EXPECT_TRUE(outcomes().empty());
}

TEST_F(Blame, AScorerThatCannotStartIsFoundBeforeTheFirstSample) {
  replace("sameseed-scorer", "echo libmissing.so: cannot open >&2; exit 127");
  EXPECT_EQ(run("null", {0}), 7);
  EXPECT_NE(read_file(log_).find("libmissing.so: cannot open"), std::string::npos)
      << read_file(log_);
  EXPECT_TRUE(outcomes().empty());
}

TEST_F(Blame, AScorerThatDiesIsInfrastructure) {
  replace("sameseed-scorer",  // once its metrics have passed
          "read -r ask; echo \"$ask\" | $real \"$@\"; read -r ask; kill -9 $$");
  EXPECT_EQ(run("null", {0}), 7);
  EXPECT_NE(read_file(log_).find("was ended by signal 9"), std::string::npos) << read_file(log_);
  EXPECT_EQ(Started({bin_ + "/sameseed", "score", run_}, log_).wait(), 7);
}

// Its variable X=1 is one that this engine does not know.
TEST_F(Blame, AnEnvironmentThatIsRefusedAtLoadIsLoadedOnce) {
  write_file(folder_ + "/engine",
             "#!/bin/sh\necho started >> " + folder_ +
                 "/starts-of-$X\n"
                 "[ \"$X\" = 1 ] || exec " +
                 bin_ +
                 "/sameseed-worker null\n"
                 "while read -r line; do echo "
                 "'{\"ok\":false,\"kind\":\"unsupported\",\"error\":\"no X here\"}'; done\n");
  std::filesystem::permissions(folder_ + "/engine", std::filesystem::perms::owner_all);
  run(folder_ + "/engine", {0, 1, 2, 3});
  EXPECT_EQ(outcomes(), (std::map<std::string, int>{{"ok", 8}, {"unsupported", 4}}));
  EXPECT_EQ(read_file(folder_ + "/starts-of-1"), "started\n");
  for (const auto& [id, record] : lasting_records(run_))
    if (record.at("outcome") == "unsupported") {
      EXPECT_EQ(record.at("error"), "no X here");
    }
}

}  // namespace
}  // namespace sameseed
