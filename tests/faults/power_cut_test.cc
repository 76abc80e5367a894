// Power cuts: every call of a command is noted, states that a cut may leave are made of the notes,
// and the same command goes on from each. SAMESEED_TEST_CUTS asks for more of them,
// SAMESEED_TEST_SEED for others; README.md has more.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <regex>

#include "io/files.h"
#include "io/sha256.h"
#include "tests/end_to_end/program_under_test.h"
#include "tests/faults/lasting.h"
#include "tests/faults/replay.h"

namespace sameseed::faults {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

// A second of the program is 25 ms: progress has its line every few samples.
constexpr int kPace = 40;
const Words kNoLimit = {"--time-limit", "1000000"};

// A command with its notes and its undisturbed end.
class Cut {
 public:
  Cut(const std::string& name, const std::vector<int>& seeds)
      : family_(fresh_folder("cut-" + name)), run_(family_.now() / "run") {
    std::filesystem::create_directories(run_);
    matrix_ = write_quiet_matrix(family_.now(), family_.quick_engine(), seeds);
  }

  Family& family() { return family_; }
  const std::string& run() const { return run_; }
  const std::string& matrix() const { return matrix_; }

  void note(Words command) {
    command_ = std::move(command);
    family_.keep_as_before();
    auto [ending, notes] = family_.run_and_note(command_, kPace);
    code_ = ending.code;
    notes_ = std::move(notes);
    state_ = lasting_state(family_.now());
  }
  int code() const { return code_; }
  Replay replay(Planted planted = Planted::kNone) const {
    return {family_.root() / "before", family_.now(), notes_, planted};
  }

  // Puts back a state that a cut leaves before the call; the same seed gives the same state.
  void cut(const Replay& replay, std::size_t call, std::size_t seed) const {
    std::mt19937_64 random(seed);
    replay.write_state(call, random);
  }

  // What a cut took of a command that had ended, and had nothing more to do.
  std::string wrong_at_the_end() const { return differences(lasting_state(family_.now()), state_); }

  // What is wrong with how the same command goes on from the state that is there.
  std::string wrong_when_going_on(std::size_t promised) {
    const Ending again = family_.run(command_);
    std::string wrong = differences(lasting_state(family_.now()), state_);
    if (again.code != code_) wrong += "code " + std::to_string(again.code) + "\n";
    static const std::regex kBefore(R"((\d+) of \d+ samples were made before)");
    std::smatch found;
    const std::size_t before =
        std::regex_search(again.output, found, kBefore) ? std::stoull(found[1]) : 0;
    if (before < promised)
      wrong += "samples that were counted: " + std::to_string(promised) +
               ", that are still there: " + std::to_string(before) + "\n";
    return wrong.empty() ? "" : wrong + again.output.substr(0, 1500);
  }

  // What a report of the state that is there claims and should not.
  std::string wrong_claims() {
    const std::size_t planned = read_json(run_ + "/plan.json").at("samples").size();
    std::size_t whole = 0;
    for (const auto& [sample, record] : lasting_records(run_)) {
      const std::string picture = run_ + "/images/" + sample + ".png";
      whole += std::filesystem::exists(picture) &&
               sha256_of_file(picture) == record.at("files").value("image", "");
    }
    const Ending scored = family_.run({"score", run_}), reported = family_.run({"report", run_});
    if (scored.code != 0 && scored.code != 1) return "score: " + scored.output;
    if (!std::filesystem::exists(run_ + "/report.json"))
      return reported.code == 1 ? "" : "report: " + reported.output;
    const int code = read_json(run_ + "/report.json").at("verdict").at("code");
    if ((whole < planned) != (code == 7))
      return std::to_string(whole) + " of " + std::to_string(planned) +
             " pictures are whole, and the report's code is " + std::to_string(code) + "\n" +
             reported.output;
    return "";
  }

 private:
  Family family_;
  std::string run_, matrix_;
  Words command_;
  int code_ = -1;
  std::vector<Note> notes_;
  std::map<std::string, std::string> state_;
};

void make_plan(Cut& cut) { cut.family().expect({"plan", cut.matrix(), "--out", cut.run()}); }

// Tries cuts until one is wrong; the number tried, and what was wrong.
std::pair<std::size_t, std::string> first_wrong(Cut& cut, const Replay& replay, std::size_t most,
                                                std::size_t first_seed, std::size_t claims_every) {
  for (std::size_t tried = 0; tried < most; ++tried) {
    const std::size_t seed = first_seed + tried;
    std::mt19937_64 random(seed);
    const std::size_t call = replay.cut_point(random);
    std::string wrong;
    if (claims_every > 0 && tried % claims_every == 0) {
      cut.cut(replay, call, seed);
      wrong = cut.wrong_claims();
    }
    cut.cut(replay, call, seed);
    if (call == replay.calls()) wrong += cut.wrong_at_the_end();
    wrong += cut.wrong_when_going_on(replay.promised(call));
    if (!wrong.empty())
      return {tried + 1, "SAMESEED_TEST_SEED=" + std::to_string(seed) + ", before call " +
                             std::to_string(call) + ":\n" + wrong};
  }
  return {most, ""};
}

void expect_none_wrong(Cut& cut, std::size_t cuts, std::size_t claims_every) {
  const std::size_t seed = number_from("SAMESEED_TEST_SEED", 20261128);
  cuts = number_from("SAMESEED_TEST_CUTS", cuts);
  ASSERT_GE(cut.code(), 0);
  const Replay replay = cut.replay();
  const auto [tried, wrong] = first_wrong(cut, replay, cuts, seed, claims_every);
  EXPECT_EQ(wrong, "");
  std::cout << tried << " power cuts at " << replay.calls() << " calls, "
            << replay.promised(replay.calls()) << " samples counted, SAMESEED_TEST_SEED=" << seed
            << std::endl;
}

TEST(PowerCuts, TakeNoSampleOfGenerateThatWasCounted) {
  Cut cut("generate", {2, 3, 4, 5, 6, 7, 8, 9});
  make_plan(cut);
  cut.note({"generate", cut.run(), kNoLimit[0], kNoLimit[1]});
  ASSERT_EQ(cut.code(), 0);
  ASSERT_EQ(cut.replay().promised(cut.replay().calls()), 24u);
  expect_none_wrong(cut, 8, 8);
}

TEST(PowerCuts, LeaveARunThatGoesOn) {
  Cut cut("run", {2, 3});
  cut.note({"run", cut.matrix(), "--out", cut.run(), kNoLimit[0], kNoLimit[1]});
  expect_none_wrong(cut, 2, 0);
}

TEST(PowerCuts, LeaveShardsThatCanBeJoined) {
  Cut cut("merge", {2, 3});
  const std::string one = cut.family().now() / "s1", two = cut.family().now() / "s2";
  for (const auto& [folder, shard] : {std::pair{one, "1/2"}, {two, "2/2"}}) {
    cut.family().expect({"plan", cut.matrix(), "--out", folder});
    cut.family().expect({"generate", folder, "--shard", shard, "--quiet"});
  }
  cut.note({"merge", one, two, "--out", cut.run()});
  expect_none_wrong(cut, 2, 0);
}

TEST(PowerCuts, FindPlantedDefects) {
  Cut cut("planted", {2, 3, 4, 5, 6, 7, 8, 9});
  make_plan(cut);
  cut.note({"generate", cut.run(), kNoLimit[0], kNoLimit[1]});
  const std::size_t seed = number_from("SAMESEED_TEST_SEED", 20261128);
  for (const auto& [planted, name] : {std::pair{Planted::kNoSync, "no sync"},
                                      {Planted::kRecordFirst, "a record before its picture"}}) {
    const auto [tried, wrong] = first_wrong(cut, cut.replay(planted), 30, seed, 0);
    EXPECT_NE(wrong, "") << name;
    std::cout << name << ": found by cut " << tried << ", SAMESEED_TEST_SEED=" << seed << ": "
              << wrong.substr(0, wrong.find("sameseed")) << std::endl;
  }
}

}  // namespace
}  // namespace sameseed::faults
