#include "bench/worker/worker.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "io/files.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

// An engine of a few lines of shell that answers a request with `answer`.
std::string outcome_of(const std::string& script) {
  ProcessWorker worker({"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"},
                       ::testing::TempDir() + "worker.log");
  try {
    worker.ask({{"id", "1"}}, 300ms);
  } catch (const WorkerFailure& failure) {
    return failure.kind;
  }
  return "ok";
}

TEST(Worker, TellsFailuresApart) {
  EXPECT_EQ(outcome_of("read line; echo '{\"ok\":true,\"id\":\"1\"}'"), "ok");
  EXPECT_EQ(outcome_of("read line; echo '{\"ok\":true,\"id\":\"2\"}'"), "rubbish");
  EXPECT_EQ(outcome_of("read line; echo hello"), "rubbish");
  EXPECT_EQ(outcome_of("read line; exit 3"), "crashed");
  EXPECT_EQ(outcome_of("kill -9 $$"), "crashed");
  EXPECT_EQ(outcome_of("read line; read never"), "hung");
  EXPECT_EQ(
      outcome_of("read line; echo '{\"ok\":false,\"kind\":\"unsupported\",\"error\":\"no\"}'"),
      "unsupported");
}

TEST(Worker, AnswersALineThatWasSentAhead) {
  ProcessWorker worker(
      {"/bin/sh", "-c", "while read line; do echo '{\"ok\":true,\"id\":\"1\"}'; done"},
      {"PATH=/usr/bin:/bin"}, ::testing::TempDir() + "worker.log");
  const nlohmann::json load = {{"op", "load"}, {"id", "1"}};
  worker.send_ahead(load.dump());
  EXPECT_TRUE(worker.ask(load, 10s).at("ok"));
  EXPECT_TRUE(worker.ask(load, 10s).at("ok"));  // once more, as ever
  worker.send_ahead(load.dump());
  EXPECT_THROW(worker.ask({{"op", "generate"}, {"id", "1"}}, 10s), WorkerFailure);
}

TEST(Worker, MayNotFillTheDiskWithItsLog) {
  const std::string log = ::testing::TempDir() + "worker.log";
  std::filesystem::remove(log);
  ProcessWorker worker({"/bin/sh", "-c", "read line; head -c 70000000 /dev/zero >&2; read never"},
                       {"PATH=/usr/bin:/bin"}, log);
  try {
    worker.ask({{"id", "1"}}, 30s);
    FAIL();
  } catch (const WorkerFailure& failure) {
    EXPECT_EQ(failure.kind, "rubbish") << failure.what();
  }
  EXPECT_LT(std::filesystem::file_size(log), 2u << 20);
}

// An engine that leaves a process in a session of its own, and notes its number.
std::string leaving(const std::string& note) {
  return "(setsid sh -c 'echo $$ > " + note +
         "; exec sleep 600' >/dev/null 2>&1 &); "
         "while [ ! -s " +
         note +
         " ]; do sleep 0.01; done; "
         "read line; echo '{\"ok\":true,\"id\":\"1\"}'; read end";
}

pid_t noted(const std::string& note) { return std::stoi(read_file(note)); }

TEST(Worker, IsEndedWithWhatLeftItsGroup) {
  const std::string log = ::testing::TempDir() + "worker.log", note = ::testing::TempDir() + "left";
  for (const char* variable :
       {"A=1", "A=2"}) {  // an orphan is not taken for one of the next worker
    std::filesystem::remove(note);
    {
      ProcessWorker worker({"/bin/sh", "-c", leaving(note)}, {"PATH=/usr/bin:/bin", variable}, log);
      worker.ask({{"id", "1"}}, 10s);
      EXPECT_EQ(::kill(noted(note), 0), 0);
    }
    EXPECT_EQ(::kill(noted(note), 0), -1) << variable;
  }
}

TEST(Worker, LeavesAloneWhatAnotherOneStarted) {
  const std::string log = ::testing::TempDir() + "worker.log", note = ::testing::TempDir() + "left",
                    other_note = ::testing::TempDir() + "others";
  for (const char* variable : {"A=2", "A=1"}) {  // another environment, and the same
    std::filesystem::remove(note);
    std::filesystem::remove(other_note);
    {
      ProcessWorker other({"/bin/sh", "-c", leaving(other_note)}, {"PATH=/usr/bin:/bin", variable},
                          log);
      other.ask({{"id", "1"}}, 10s);
      {
        ProcessWorker worker({"/bin/sh", "-c", leaving(note)}, {"PATH=/usr/bin:/bin", "A=1"}, log);
        worker.ask({{"id", "1"}}, 10s);
      }
      EXPECT_EQ(::kill(noted(other_note), 0), 0) << variable;
    }
    for (const std::string& one : {note, other_note}) EXPECT_EQ(::kill(noted(one), 0), -1) << one;
  }
}

}  // namespace
}  // namespace sameseed
