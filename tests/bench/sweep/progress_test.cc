#include "bench/sweep/progress.h"

#include <gtest/gtest.h>

#include <sstream>

#include "bench/plan/expected_times.h"
#include "bench/worker/time_limits.h"
#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

TEST(Progress, WritesPlainLinesWhereThereIsNoTerminal) {
  std::ostringstream out;
  {
    Progress progress({}, out, 3, 1, {"cpu"});
    progress.ends(0, "null quality 1", "ok", false, 2);
    progress.ends(0, "null quality 2", "crashed: gone", true, 3);
  }
  EXPECT_EQ(out.str(),
            "sameseed: cpu: null quality 2: crashed: gone (3 ms)\n"
            "sameseed: 3/3 samples in 0 s, 1 failed\n");
}

TEST(Progress, CountsOnlyWhatIsOnTheDisk) {
  std::ostringstream out;
  std::vector<std::string> said;  // when it was told to put it there
  {
    Progress progress({}, out, 2, 0, {"cpu"}, [&] { said.push_back(out.str()); });
    progress.ends(0, "a", "ok", false, 1);
  }
  EXPECT_EQ(said, std::vector<std::string>{""});
  EXPECT_NE(out.str().find("1/2 samples in"), std::string::npos);
  std::ostringstream full;
  Progress({}, full, 1, 0, {"cpu"}, [] {
    throw std::runtime_error("the disk is full");
  }).ends(0, "a", "ok", false, 1);
  EXPECT_EQ(full.str(), "");
}

TEST(Progress, SaysNothingWhenQuietAndEverySampleWhenVerbose) {
  std::ostringstream quiet, verbose;
  Progress({.verbosity = Verbosity::kQuiet}, quiet, 1, 0, {"cpu"}).ends(0, "a", "ok", false, 1);
  Progress({.verbosity = Verbosity::kVerbose}, verbose, 1, 0, {"cpu"}).ends(0, "a", "ok", false, 1);
  EXPECT_EQ(quiet.str(), "");
  EXPECT_NE(verbose.str().find("sameseed: cpu: a: ok (1 ms)\n"), std::string::npos);
}

TEST(Progress, ColoursOnlyWhereItMay) {
  for (const bool colour : {false, true}) {
    std::ostringstream out;
    Progress({.terminal = true, .colour = colour}, out, 1, 0, {"cpu"})
        .ends(0, "a", "hung", true, 1);
    EXPECT_EQ(out.str().find("\x1b[31m") != std::string::npos, colour);
  }
}

TEST(Progress, WritesDurationsAsPeopleDo) {
  EXPECT_EQ(duration_text(41.4), "41 s");
  EXPECT_EQ(duration_text(200), "3 min 20 s");
  EXPECT_EQ(duration_text(7500), "2 h 05 min");
}

TEST(TimeLimits, LearnFromTheEnvironmentsOwnAnswersWithAFloor) {
  TimeLimits limits;
  EXPECT_EQ(limits.limit("a", "generate"), 30min);
  limits.learn("a", "generate", 10s);
  EXPECT_EQ(limits.limit("a", "generate"), 200s);
  EXPECT_EQ(limits.limit("b", "generate"), 1000s);  // another engine may be slower
  EXPECT_EQ(limits.limit("a", "load"), 30min);
  limits.learn("b", "generate", 10ms);
  EXPECT_EQ(limits.limit("b", "generate"), 1min);
  EXPECT_EQ(TimeLimits(2s).limit("a", "load"), 2s);
}

TEST(ExpectedTimes, ComeFromAnEarlierRunAndAreGuessedFromTheWorkElsewhere) {
  const auto one_case = [](const char* id, int steps, const char* prompt) {
    return json{
        {"id", id},
        {"environment", "e"},
        {"request", {{"steps", steps}, {"size", "64x64"}, {"prompt", prompt}, {"seed", 0}}}};
  };
  const json plan = {{"environments", {{{"id", "e"}}}},
                     {"cases", {one_case("a", 10, "x"), one_case("b", 20, "x")}}};
  const std::string records = ::testing::TempDir() + "sameseed-records.jsonl";
  write_file(
      records,
      // The first paid for loading.
      R"({"type":"sample","sample":"1","case":"a","kind":"quality","outcome":"ok","wall_ms":500})"
      "\n"
      R"({"type":"sample","sample":"2","case":"a","kind":"quality","outcome":"ok","wall_ms":100})"
      "\nhalf");
  ExpectedTimes times;
  EXPECT_EQ(times.of(plan.at("cases").at(1)), 20.0 * 64 * 64);
  times.learn(plan, records);
  times = ExpectedTimes::from_json(times.to_json());
  EXPECT_EQ(times.of(one_case("c", 10, "another prompt")), 100);
  EXPECT_TRUE(times.knows(one_case("c", 10, "another prompt")));
  EXPECT_FALSE(times.knows(plan.at("cases").at(1)));
  EXPECT_EQ(times.of(plan.at("cases").at(1)), 200);
}

}  // namespace
}  // namespace sameseed
