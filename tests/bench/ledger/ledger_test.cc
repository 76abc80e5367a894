#include "bench/ledger/ledger.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "bench/ledger/kept_gates.h"
#include "bench/plan/plan.h"
#include "io/error.h"
#include "io/files.h"
#include "reports/run/cohort.h"

namespace sameseed {
namespace {

using nlohmann::json;

SeriesRun run_of(int number) {
  return {
      .key = fmt::format("key {}", number),
      .started = fmt::format("2026-{:02}-{:02}T03:00:00Z", number / 28 % 12 + 1, number % 28 + 1),
      .name = "nightly",
      .folder = fmt::format("/runs/{}", number),
      .machine = "H100",
      .driver = "580.95",
      .version = "0.1.0",
      .cohort = number % 2 ? "odd" : "even",
      .recipe = "r",
      .code = 0,
      .host = "2 cores"};
}

SeriesName series_of(int comparison, const std::string& measure = "lpips.alex") {
  return {.name = "nightly",
          .machine = "H100",
          .setting = fmt::format("{{\"candidate.env.X\":\"{}\"}}", comparison),
          .against = "reference",
          .measure = measure,
          .unit = "",
          .better = "lower"};
}

std::vector<SeriesRow> rows_of(int run, int comparisons) {
  std::vector<SeriesRow> rows;
  for (int i = 0; i < comparisons; ++i)
    rows.push_back({series_of(i), {.n = 48, .value = run + 0.01 * i}});
  return rows;
}

class LedgerFile : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }
  ~LedgerFile() override { std::filesystem::remove_all(folder_); }

  Ledger open(Ledger::Use use = Ledger::Use::kWrite) { return {file_, use}; }
  // What opening, reading and adding says of a file with these bytes, which it must leave as they
  // are.
  std::string refusal(const std::string& bytes) {
    write_file(file_, bytes);
    std::string said;
    try {
      Ledger ledger = open();
      ledger.acceptances();  // whose pages an addition does not need
      ledger.add(run_of(1), rows_of(1, 3));
    } catch (const UserError& error) {
      said = error.what();
    }
    EXPECT_TRUE(read_file(file_) == bytes) << "the file was written to";
    EXPECT_NE(said.find(file_), std::string::npos) << said;
    return said;
  }

  const std::string folder_ =
      ::testing::TempDir() + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string file_ = folder_ + "/ledger.sqlite";
};

TEST_F(LedgerFile, GivesASeriesBackInOrderOfTime) {
  Ledger ledger = open();
  for (const int run : {3, 1, 2}) ledger.add(run_of(run), rows_of(run, 2));
  const Series series = open(Ledger::Use::kRead).read(series_of(1));
  ASSERT_EQ(series.runs.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(series.runs[static_cast<std::size_t>(i)], run_of(i + 1));
    EXPECT_EQ(*series.points[static_cast<std::size_t>(i)].value, i + 1.01);
    EXPECT_FALSE(series.points[static_cast<std::size_t>(i)].low);
  }
}

TEST_F(LedgerFile, TakesARunInOnceHoweverOftenItIsAdded) {
  open().add(run_of(1), rows_of(1, 3));
  open().add(run_of(2), rows_of(2, 3));
  open().add(run_of(1), rows_of(7, 2));  // reported anew, with a comparison less
  Ledger ledger = open();
  EXPECT_EQ(ledger.runs(), 2u);
  EXPECT_EQ(*ledger.read(series_of(0)).points[0].value, 7);
  EXPECT_EQ(ledger.read(series_of(2)).runs.size(), 1u);  // of run 2 alone
}

TEST_F(LedgerFile, KeepsTheNumbersOfARunThatLostItsScoresSince) {
  open().add(run_of(1), rows_of(1, 3));
  std::vector<SeriesRow> without_a_value = rows_of(7, 2);
  for (SeriesRow& row : without_a_value) row.point.value.reset();
  for (const std::vector<SeriesRow>& fewer : {std::vector<SeriesRow>(), without_a_value}) {
    try {
      open().add(run_of(1), fewer);
      ADD_FAILURE() << "numbers were replaced by none";
    } catch (const UserError& error) {
      EXPECT_NE(std::string(error.what()).find("no longer has (" + series_of(0).measure + ")"),
                std::string::npos)
          << error.what();
    }
  }
  EXPECT_EQ(*open().read(series_of(2)).points[0].value, 1.02);
}

TEST_F(LedgerFile, KnowsWhichWasAcceptedFirst) {
  Ledger ledger = open();
  for (const int run : {1, 2, 3}) ledger.add(run_of(run), rows_of(run, 1));
  for (const int run : {2, 1, 3}) ledger.accept(run_of(run).key, "report " + std::to_string(run));
  const auto first = [&] { return ledger.first_accepted("r").front().report; };
  EXPECT_EQ(first(), "report 2");
  ledger.accept(run_of(2).key, "report 2 anew");  // the last now, and still the first
  EXPECT_EQ(first(), "report 2");
  EXPECT_EQ(ledger.accepted_reports("r").front(), "report 2 anew");
  ledger.revoke(run_of(2).key);
  EXPECT_EQ(first(), "report 1");
  ledger.accept(run_of(2).key, "report 2 again");  // as of now, since it was taken back
  EXPECT_EQ(first(), "report 1");
  EXPECT_EQ(ledger.first_accepted("r").back().report, "report 2 again");
  EXPECT_FALSE(ledger.first_accepted("r").front().at.empty());
  EXPECT_TRUE(ledger.first_accepted("unknown").empty());
}

TEST_F(LedgerFile, KeepsSeveralBaselinesACohort) {
  Ledger ledger = open();
  for (const int run : {1, 2, 3, 4}) ledger.add(run_of(run), rows_of(run, 1));
  for (const int run : {1, 3, 4}) ledger.accept(run_of(run).key, "report " + std::to_string(run));
  ledger.add(run_of(3), rows_of(3, 1));  // taken in again
  const auto all = ledger.baselines();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].run.folder, "/runs/4");  // even
  EXPECT_EQ(all[1].run.folder, "/runs/1");
  EXPECT_EQ(all[2].run.folder, "/runs/3");
}

TEST_F(LedgerFile, KeepsTheReportsOfAcceptedRunsByRecipeTheLastOneFirst) {
  Ledger ledger = open();
  SeriesRun other_recipe = run_of(3);
  other_recipe.recipe = "another";
  for (const SeriesRun& run : {run_of(1), run_of(2), other_recipe, run_of(4)})
    ledger.add(run, rows_of(1, 1));
  for (const int run : {1, 2, 3}) ledger.accept(run_of(run).key, "report " + std::to_string(run));
  EXPECT_EQ(ledger.accepted_reports("r"), (std::vector<std::string>{"report 2", "report 1"}));
  ledger.accept(run_of(1).key, "report 1 anew");  // the last word counts
  EXPECT_EQ(ledger.accepted_reports("r"), (std::vector<std::string>{"report 1 anew", "report 2"}));
  EXPECT_TRUE(ledger.accepted_reports("unknown").empty());
}

TEST_F(LedgerFile, SaysWhyNoAcceptedRunFits) {
  const json plan = {{"name", "nightly"},      {"environments", json::array()},
                     {"cases", json::array()}, {"comparisons", json::array()},
                     {"axes", json::array()},  {"timing", json::object()}};
  const GateOptions options = {.gates = "", .baseline = kAcceptedBaseline, .ledger = file_};
  const auto said = [&] {
    try {
      check_gates(folder_, plan, options);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  Ledger ledger = open();
  EXPECT_NE(said().find("no run of this recipe"), std::string::npos);
  EXPECT_EQ(said().find("Accepted runs"), std::string::npos);
  SeriesRun newer = run_of(2);
  newer.recipe = std::string(kRecipeFormat) + "0123:4567";
  for (const SeriesRun& run : {run_of(1), newer}) {
    ledger.add(run, rows_of(1, 1));
    ledger.accept(run.key, "{}");
  }
  EXPECT_NE(said().find("Accepted runs of the matrix nightly: 2, all of other recipes. 1 of them "
                        "are of an older version"),
            std::string::npos)
      << said();
  SeriesRun fits = run_of(3);
  fits.recipe = recipe_of(plan) + ":4567";
  ledger.add(fits, rows_of(3, 1));
  ledger.accept(fits.key, "{}");
  EXPECT_EQ(said(), "");
}

TEST_F(LedgerFile, TakesABaselineBackAndForgetsNothing) {
  Ledger ledger = open();
  for (const int run : {1, 3}) ledger.add(run_of(run), rows_of(run, 1));
  for (const int run : {1, 3}) ledger.accept(run_of(run).key, "report " + std::to_string(run));
  ledger.revoke(run_of(3).key);
  EXPECT_EQ(ledger.accepted_reports("r"), (std::vector<std::string>{"report 1"}));
  ASSERT_EQ(ledger.baselines().size(), 1u);
  EXPECT_EQ(ledger.baselines()[0].run.folder, "/runs/1");
  EXPECT_EQ(ledger.runs(), 2u);
  ledger.accept(run_of(3).key, "report 3 anew");
  EXPECT_EQ(ledger.accepted_reports("r"), (std::vector<std::string>{"report 3 anew", "report 1"}));
  std::string log;
  for (const auto& [run, at, revoked] : ledger.acceptances())
    log += (revoked ? "-" : "+") + run.key.substr(4);
  EXPECT_EQ(log, "+1+3-3+3");
}

// A folder that is used again every night, and cohorts whose order is another than that of time.
TEST_F(LedgerFile, KnowsWhichBaselineOfAFolderWasAcceptedLast) {
  for (const auto& order : {std::pair{1, 2}, {2, 1}}) {
    std::filesystem::remove_all(folder_);
    Ledger ledger = open();
    for (const int number : {order.first, order.second}) {
      SeriesRun run = run_of(number);
      run.folder = "/runs/tonight";
      ledger.add(run, rows_of(number, 1));
      ledger.accept(run.key, "{}");
    }
    auto found = ledger.baselines_of("/runs/tonight");
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found.front().run.key, run_of(order.second).key);
    ledger.revoke(found.front().run.key);
    found = ledger.baselines_of("/runs/tonight");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found.front().run.key, run_of(order.first).key);
    EXPECT_TRUE(ledger.baselines_of("/runs/1").empty());
  }
}

// Its tables are those of an earlier sameseed, which kept no log.
TEST_F(LedgerFile, TakesALedgerOfTheSecondVersionAlongAndKeepsACopy) {
  {
    Ledger ledger = open();
    for (const int run : {1, 3}) ledger.add(run_of(run), rows_of(run, 1));
    for (const int run : {3, 1}) ledger.accept(run_of(run).key, "report " + std::to_string(run));
  }
  sqlite3* second = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &second), SQLITE_OK);
  for (const char* change : {"DROP TABLE acceptances", "UPDATE runs SET accepted = started",
                             "ALTER TABLE runs DROP COLUMN host", "PRAGMA user_version = 2"})
    ASSERT_EQ(sqlite3_exec(second, change, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(second);
  const std::string before = read_file(file_);
  EXPECT_EQ(open().accepted_reports("r"), (std::vector<std::string>{"report 3", "report 1"}));
  EXPECT_TRUE(read_file(file_ + ".tables-2") == before);
  EXPECT_EQ(open().acceptances().size(), 2u);
}

TEST_F(LedgerFile, TakesALedgerOfTheFirstVersionAlong) {
  open().add(run_of(1), rows_of(1, 3));
  sqlite3* first = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &first), SQLITE_OK);
  for (const char* change : {"DROP TABLE acceptances", "ALTER TABLE runs DROP COLUMN report",
                             "ALTER TABLE runs DROP COLUMN host", "PRAGMA user_version = 1"})
    ASSERT_EQ(sqlite3_exec(first, change, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(first);
  EXPECT_TRUE(open(Ledger::Use::kRead).accepted_reports("r").empty());
  EXPECT_EQ(open().runs(), 1u);
}

TEST_F(LedgerFile, FindsSeriesByMeasure) {
  Ledger ledger = open();
  ledger.add(run_of(1), {{series_of(1), {.n = 1, .value = 1}},
                         {series_of(1, "total_ms"), {.n = 1, .value = 2}}});
  EXPECT_EQ(ledger.series("total_ms"), std::vector{series_of(1, "total_ms")});
  EXPECT_EQ(ledger.series("").size(), 2u);
}

TEST_F(LedgerFile, RefusesWhatIsNoLedgerAndLeavesItAlone) {
  EXPECT_NE(refusal("precious text, of nobody's database").find("no SQLite file"),
            std::string::npos);
  EXPECT_NE(refusal(std::string(4096, '\0')).find("no SQLite file"), std::string::npos);
}

TEST_F(LedgerFile, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
  std::filesystem::create_directories(folder_);
  sqlite3* foreign = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &foreign), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(foreign, "CREATE TABLE runs (x)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(foreign);
  EXPECT_NE(refusal(read_file(file_)).find("another program's database"), std::string::npos);
}

TEST_F(LedgerFile, RefusesALedgerOfANewerVersionAndLeavesItAlone) {
  open().add(run_of(1), rows_of(1, 3));
  std::string bytes = read_file(file_);
  bytes[63] = 9;  // user_version, big endian
  EXPECT_NE(refusal(bytes).find("newer sameseed (tables 9"), std::string::npos);
}

TEST_F(LedgerFile, RefusesADamagedLedgerAndLeavesItAlone) {
  {
    Ledger ledger = open();
    for (int run = 0; run < 20; ++run) ledger.add(run_of(run), rows_of(run, 50));
  }
  const std::string whole = read_file(file_);
  EXPECT_NE(refusal(whole.substr(0, whole.size() / 2)).find("damaged"), std::string::npos);
  for (std::size_t page = 1; page < whole.size() / 4096; ++page) {  // each page but the first, once
    std::string bytes = whole;
    bytes.replace(page * 4096, 4096, 4096, '\x5a');
    EXPECT_NE(refusal(bytes).find("damaged"), std::string::npos) << page;
  }
}

TEST_F(LedgerFile, SaysThatThereIsNone) {
  try {
    open(Ledger::Use::kRead);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("history add"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(file_));
}

// Processes, as two nights' jobs would be: SQLite's locks are not between threads alone.
TEST_F(LedgerFile, LosesNothingUnderFourWriters) {
  constexpr int kWriters = 4, kRuns = 15;
  std::vector<pid_t> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      try {
        for (int i = 0; i < kRuns; ++i)
          open().add(run_of(writer * kRuns + i), rows_of(writer * kRuns + i, 50));
        ::_exit(0);
      } catch (...) {
        ::_exit(1);
      }
    }
    writers.push_back(pid);
  }
  for (const pid_t pid : writers) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  Ledger ledger = open();
  EXPECT_EQ(ledger.runs(), static_cast<std::size_t>(kWriters * kRuns));
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(ledger.read(series_of(i)).runs.size(), static_cast<std::size_t>(kWriters * kRuns));
}

// A writer is killed over and over in the middle of its work: each run is there as a whole or not
// at all, those whose addition returned are there, and the next writer goes on.
TEST_F(LedgerFile, HoldsWholeRunsHoweverItsWritersAreKilled) {
  constexpr int kComparisons = 50;
  std::set<int> reported;
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      try {
        for (int run = 1000 * round;; ++run) {
          open().add(run_of(run), rows_of(run, kComparisons));
          if (::write(ends[1], &run, sizeof run) != sizeof run) ::_exit(1);
        }
      } catch (...) {
        ::_exit(1);
      }
    }
    ::close(ends[1]);
    // After so many additions it is somewhere in the next one.
    int run = 0;
    for (int i = 0; i < 1 + round % 3 && ::read(ends[0], &run, sizeof run) == sizeof run; ++i)
      reported.insert(run);
    ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    while (::read(ends[0], &run, sizeof run) == sizeof run) reported.insert(run);
    ::close(ends[0]);
  }
  Ledger ledger = open();
  EXPECT_GE(ledger.runs(), reported.size());
  EXPECT_LE(ledger.runs(), reported.size() + 12);  // those that were in, but could not say so
  const Series first = ledger.read(series_of(0));
  std::set<std::string> keys;
  for (const SeriesRun& run : first.runs) keys.insert(run.key);
  for (const int run : reported) EXPECT_TRUE(keys.contains(run_of(run).key)) << run;
  for (int i = 0; i < kComparisons; ++i) EXPECT_EQ(ledger.read(series_of(i)).runs, first.runs) << i;
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
  std::string verdict;
  const auto take = [](void* out, int, char** values, char**) {
    *static_cast<std::string*>(out) = values[0];
    return 0;
  };
  sqlite3_exec(database, "PRAGMA integrity_check", take, &verdict, nullptr);
  sqlite3_close(database);
  EXPECT_EQ(verdict, "ok");
}

}  // namespace
}  // namespace sameseed
