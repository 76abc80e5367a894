// `sameseed check-engine` over engines that keep the protocol and engines that do not.
#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>

#include "io/files.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

const std::string kModel = std::string(SAMESEED_SOURCE_DIR) + "/tests/goldens/parity/model_a";

struct CheckResult {
  int code = 0;
  std::string text;
};

CheckResult check(const std::string& name, const std::string& engine,
                  const std::string& limit = "60") {
  const std::string folder = fresh_folder("check-" + name);
  Started program({kProgram, "check-engine", engine, "--model", kModel, "--size", "64x48",
                   "--time-limit", limit},
                  folder + "/log");
  CheckResult result{program.wait(), ""};
  result.text = read_file(folder + "/log");
  std::filesystem::remove_all(folder);
  return result;
}

TEST(CheckEngine, FindsNothingWrongWithOurOwnEngines) {
  for (const char* engine : {"null", "reference"}) {
    const CheckResult result = check(engine, engine);
    EXPECT_EQ(result.code, 0) << result.text;
    EXPECT_EQ(result.text.find("WRONG"), std::string::npos) << result.text;
    EXPECT_NE(result.text.find(std::string(engine) + ": keeps the protocol"), std::string::npos);
  }
}

TEST(CheckEngine, FindsNothingWrongWithTheExampleOfTheReadme) {
  const CheckResult result = check("example", "python3 -B " + std::string(SAMESEED_SOURCE_DIR) +
                                                  "/bench/engines/example_engine.py");
  EXPECT_EQ(result.code, 0) << result.text;
  EXPECT_NE(result.text.find("note   hashes.latents"), std::string::npos) << result.text;
}

TEST(CheckEngine, SaysThatAProgramIsNotThere) {
  const CheckResult result = check("absent", "/no/such/engine");
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.text.find("/no/such/engine cannot be started"), std::string::npos)
      << result.text;
}

// A fault, and the line that names it.
struct Fault {
  const char *name, *line;
  friend std::ostream& operator<<(std::ostream& out, const Fault& fault) {
    return out << fault.name;
  }
};

class CheckEngineNames : public ::testing::TestWithParam<Fault> {};

TEST_P(CheckEngineNames, TheFault) {
  const auto [name, line] = GetParam();
  const CheckResult result = check(name, kMisbehaving + " " + name, "2");
  EXPECT_EQ(result.code, 1) << result.text;
  EXPECT_NE(result.text.find(line), std::string::npos) << result.text;
  EXPECT_NE(result.text.find("does NOT keep the protocol"), std::string::npos) << result.text;
}

INSTANTIATE_TEST_SUITE_P(
    OfAnEngine, CheckEngineNames,
    ::testing::Values(
        Fault{"loads_nothing", "WRONG  starts, and answers `load`: failed: no such model"},
        Fault{"crash", "with ok: seed 1, 64x48: crashed: the worker was ended by signal 6"},
        Fault{"exit", "with ok: seed 1, 64x48: crashed: the worker ended with exit code 3"},
        Fault{"killed", "with ok: seed 1, 64x48: crashed: the worker was ended by signal 9"},
        Fault{"hang", "with ok: seed 1, 64x48: hung: no answer within 2 s"},
        Fault{"children_hang", "with ok: seed 1, 64x48: hung"},
        Fault{"out_of_memory", "with ok: seed 1, 64x48: out_of_memory"},
        Fault{"rubbish", "nothing else on stdout: seed 1, 64x48: the answer"},
        Fault{"endless_line", "nothing else on stdout: seed 1, 64x48: the worker wrote"},
        Fault{"twice", "nothing else on stdout: warm-up: the worker"},
        Fault{"chatty", "I am thinking"},
        Fault{"other_request", "the worker answered another request"},
        Fault{"no_total", "what the records need: seed 1, 64x48: the worker's answer has no "},
        Fault{"wrong_noise", "WRONG  hashes.noise is"},
        Fault{"half_picture", "WRONG  picture: a whole"},
        Fault{"no_picture", "WRONG  picture: a whole"},
        Fault{"other_size", "WRONG  picture: a whole"},
        Fault{"in_place", "leaves no half of one: picture.png was written in its place"},
        Fault{"litter", "beside them: left picture.png.tmp"},
        Fault{"other_picture", "WRONG  the same request gives the same picture"},
        Fault{"takes_anything", "WRONG  refuses a line that is no JSON, and goes on: answered ok"},
        Fault{"says_no_reason", "is no JSON, and goes on: does not say why"},
        Fault{"dies_of_rubbish", "WRONG  refuses a line that is no JSON, and goes on: crashed"},
        Fault{"stays", "WRONG  quits at the end of its input, with exit code 0: hung"},
        Fault{"ends_badly", "with exit code 0: ended with 5"},
        Fault{"last_words", "nothing else on stdout: at its end it wrote \"good bye"}),
    [](const auto& fault) { return std::string(fault.param.name); });

}  // namespace
}  // namespace sameseed
