#include "bench/sweep/dispatcher.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

// Notes what happens to its worker, whose engine is named like its environment.
class NotedWorker final : public Worker {
 public:
  NotedWorker(std::string name, Words& notes) : name_(std::move(name)), notes_(notes) {
    notes_.push_back("start " + name_);
  }
  ~NotedWorker() override { notes_.push_back("end " + name_); }
  pid_t pid() const override { return 0; }
  void send_ahead(const std::string&) override { notes_.push_back("send " + name_); }
  std::string exchange(const std::string& line, Duration) override {
    const json ask = json::parse(line);
    notes_.push_back(ask.at("op").get<std::string>() + " " + name_);
    if (ask.at("op") == "load" && name_ == "bad")
      return R"({"ok":false,"kind":"unsupported","error":"no"})";
    return json{{"ok", true}, {"id", ask.value("id", json())}}.dump();
  }

 private:
  void end() override {}
  std::string name_;
  Words& notes_;
};

class NotedMachine final : public Machine {
 public:
  explicit NotedMachine(Words& notes) : notes_(notes) {}
  std::unique_ptr<Worker> start(const Words& command, const Words&,
                                const std::filesystem::path&) override {
    return std::make_unique<NotedWorker>(command.front(), notes_);
  }
  bool loads_ahead() const override { return true; }
  Clock::time_point now() override { return Clock::now(); }
  Host read_host() override { return {}; }
  CpuReading read_cpu(pid_t) override { return {}; }
  std::uintmax_t free_space(const std::filesystem::path&) override { return 0; }
  void side_by_side(const std::vector<std::function<void()>>&) override {}

 private:
  Words& notes_;
};

class DispatcherOfNotes : public ::testing::Test {
 protected:
  DispatcherOfNotes() {
    for (const char* id : {"a", "b", "c", "d", "bad"})
      plan_["environments"].push_back({{"id", id},
                                       {"engine", id},
                                       {"variables", json::object()},
                                       {"load", {{"model", "/no/model"}}}});
  }

  // The notes since the last call.
  Words notes() { return std::exchange(notes_, {}); }
  void generate(const std::string& environment) {
    dispatcher().generate(environment, {{"op", "generate"}, {"id", "s"}});
  }
  Dispatcher& dispatcher() {
    if (!dispatcher_) {
      index_.emplace(plan_);
      crew_.emplace(Crew{.plan = plan_,
                         .index = *index_,
                         .logs = ::testing::TempDir(),
                         .limits = limits_,
                         .name_worker = [this] { return std::to_string(++workers_); },
                         .file_record = [](const json&) {},
                         .admit =
                             [](const json&, const json&) {
                               return json{{"files", json::object()}};
                             },
                         .nvml = nullptr,
                         .machine = machine_});
      dispatcher_.emplace(*crew_, Slot{.name = "cpu"});
    }
    return *dispatcher_;
  }

  json plan_ = {{"timing", {{"warmup", 0}}}, {"cases", json::array()}};
  Words notes_;
  NotedMachine machine_{notes_};
  TimeLimits limits_;
  int workers_ = 0;
  std::optional<PlanIndex> index_;
  std::optional<Crew> crew_;
  std::optional<Dispatcher> dispatcher_;
};

TEST_F(DispatcherOfNotes, LoadsTheNextWorkerWhileOneWorks) {
  generate("a");
  EXPECT_EQ(notes(), (Words{"start a", "load a", "generate a"}));
  dispatcher().load_ahead({"a", "b"});
  generate("a");
  generate("b");
  EXPECT_EQ(notes(), (Words{"start b", "send b", "generate a", "load b", "generate b"}));
}

TEST_F(DispatcherOfNotes, HasWhatATimedBlockNeedsLoadedBeforeIt) {
  dispatcher().load_ahead({"a", "b"});
  EXPECT_EQ(notes(), (Words{"start a", "send a", "start b", "send b"}));
  dispatcher().await_loads();
  EXPECT_EQ(notes(), (Words{"load a", "load b"}));
  generate("a");
  generate("b");
  EXPECT_EQ(notes(), (Words{"generate a", "generate b"}));
}

TEST_F(DispatcherOfNotes, KeepsThreeWorkersAtMostAndThoseThatAreNeeded) {
  for (const char* one : {"a", "b", "c"}) generate(one);
  notes();
  dispatcher().load_ahead({"c", "d"});
  EXPECT_EQ(notes(), (Words{"end a", "start d", "send d"}));
  dispatcher().load_ahead({"b", "c", "a"});  // d is no longer
  EXPECT_EQ(notes(), (Words{"end d", "start a", "send a"}));
  dispatcher().load_ahead({"a", "b", "c", "d"});
  EXPECT_EQ(notes(), Words{});
}

TEST_F(DispatcherOfNotes, LeavesAFailureToTheSampleThatNeedsTheWorker) {
  dispatcher().load_ahead({"bad"});
  EXPECT_NO_THROW(dispatcher().await_loads());
  notes();
  EXPECT_THROW(generate("bad"), LoadRefused);
  EXPECT_EQ(dispatcher().last_worker(), "1");
  EXPECT_EQ(notes(), Words{"end bad"});
}

}  // namespace
}  // namespace sameseed
