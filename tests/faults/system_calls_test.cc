// The N-th system call fails, is cut short or kills; the same command then ends as if nothing had
// been. SAMESEED_TEST_FAULTS asks for more tries of each stage ("all": every one), and
// SAMESEED_TEST_SEED for others; README.md has more.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "io/files.h"
#include "tests/end_to_end/program_under_test.h"
#include "tests/faults/family.h"
#include "tests/faults/lasting.h"

namespace sameseed::faults {
namespace {

using Words = std::vector<std::string>;
using State = std::map<std::string, std::string>;

struct Stage {
  std::string name;
  std::size_t tries;                     // in the short form
  std::function<void(Family&)> prepare;  // fills now/, from which each try starts
  Words command;                         // {now} is its folder
  Words look = {};  // a command whose output must be equal as well, where files say it badly

  friend std::ostream& operator<<(std::ostream& out, const Stage& stage) {
    return out << stage.name;
  }
};

Words in(const Family& family, Words words) {
  for (std::string& word : words)
    if (const std::size_t at = word.find("{now}"); at != std::string::npos)
      word.replace(at, 5, family.now().string());
  return words;
}

void make_plan(Family& family, const std::string& run, const std::string& engine) {
  const std::string folder = family.now() / run;
  std::filesystem::create_directories(folder);
  const std::string matrix = write_quiet_matrix(folder, engine, {2});
  family.expect({"plan", matrix, "--out", folder});
}
// Beside its pictures two blocks of each comparison.
void make_timed_plan(Family& family, const std::string& engine, const Words& more = {}) {
  const std::string folder = family.now() / "run";
  std::filesystem::create_directories(folder);
  const std::string file = write_quiet_matrix(folder, engine, {2});
  nlohmann::json matrix = read_json(file);
  matrix["timing"] = {{"warmup", 1}, {"blocks", 2}};
  write_file(file, matrix.dump(1));
  Words words = {"plan", file, "--out", folder};
  words.insert(words.end(), more.begin(), more.end());
  family.expect(words);
}
void make_pictures(Family& family, const std::string& run, const Words& more = {}) {
  Words words = {"generate", family.now() / run, "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  make_plan(family, run, family.quick_engine());
  family.expect(words);
}
void make_scores(Family& family, const std::string& run) {
  make_pictures(family, run);
  family.expect({"score", family.now() / run});
}
void make_report(Family& family, const std::string& run) {
  make_scores(family, run);
  family.expect({"report", family.now() / run});
}
void make_gates(Family& family) {
  make_report(family, "run");
  write_file(family.now() / "gates.json",
             R"({"schema": "sameseed/gate/1", "gates": [{"metric": "lpips.alex",
                 "statistic": "worst", "at_most": 2, "because": "nothing is worse"}]})");
}
void make_shards(Family& family) {
  make_pictures(family, "s1", {"--shard", "1/2"});
  make_pictures(family, "s2", {"--shard", "2/2"});
}

const Stage kStages[] = {
    {"generate",
     3,
     [](Family& family) { make_plan(family, "run", "null"); },
     {"generate", "{now}/run", "--quiet"}},
    {"generate_timed",
     1,
     [](Family& family) { make_timed_plan(family, family.quick_engine()); },
     {"generate", "{now}/run", "--quiet"}},
    {"generate_traced",
     1,
     [](Family& family) { make_timed_plan(family, family.quick_engine(), {"--trace"}); },
     {"generate", "{now}/run", "--quiet"}},
    {"generate_slots",
     1,
     [](Family& family) { make_timed_plan(family, family.quick_engine(), {"--trace"}); },
     {"generate", "{now}/run", "--quiet", "--slots", "2"}},
    {"generate_reference",
     1,
     [](Family& family) { make_timed_plan(family, "reference", {"--trace"}); },
     {"generate", "{now}/run", "--quiet"}},
    {"score", 4, [](Family& family) { make_pictures(family, "run"); }, {"score", "{now}/run"}},
    {"run",  // scores beside the pictures
     2,
     [](Family& family) { write_quiet_matrix(family.now(), family.quick_engine(), {2}); },
     {"run", "{now}/m.json", "--out", "{now}/run", "--quiet"}},
    {"report", 16, [](Family& family) { make_scores(family, "run"); }, {"report", "{now}/run"}},
    {"gate", 10, make_gates, {"gate", "{now}/run", "--gates", "{now}/gates.json"}},
    {"merge", 4, make_shards, {"merge", "{now}/s1", "{now}/s2", "--out", "{now}/joined"}},
    {"history",
     10,
     [](Family& family) { make_report(family, "run"); },
     {"history", "add", "{now}/run", "--ledger", "{now}/ledger.sqlite"},
     {"history", "export", "--csv", "--ledger", "{now}/ledger.sqlite"}},
    {"compare",
     3,
     [](Family& family) {
       make_report(family, "a");
       make_report(family, "b");
     },
     {"compare", "{now}/a", "{now}/b", "--out", "{now}/compared"}}};

// What may become of a call of each kind.
std::vector<std::pair<std::string, bool>> ways(Kind kind) {
  switch (kind) {
    case Kind::kOpen:
      return {
          {"EIO", false}, {"EMFILE", false}, {"EMFILE", true}, {"EINTR", false}, {"kill", false}};
    case Kind::kRead:
      return {{"EIO", false}, {"EINTR", false}, {"short", false}, {"kill", false}};
    case Kind::kWrite:
      return {{"EIO", false},   {"ENOSPC", false}, {"ENOSPC", true},
              {"EINTR", false}, {"short", false},  {"kill", false}};
    case Kind::kSync:
      return {{"EIO", false}, {"ENOSPC", false}, {"kill", false}};
    case Kind::kRename:
    case Kind::kMkdir:
    case Kind::kLink:
      return {{"EIO", false}, {"ENOSPC", false}, {"kill", false}};
    case Kind::kLock:
      return {{"ENOLCK", false}, {"EINTR", false}, {"kill", false}};
    case Kind::kMap:
      return {{"ENOMEM", false}, {"kill", false}};
    case Kind::kStart:
      return {{"EMFILE", false}, {"ENOMEM", false}, {"kill", false}};
    case Kind::kStat:
      return {{"EIO", false}, {"ENOMEM", false}, {"kill", false}};
    default:
      return {{"EIO", false}, {"kill", false}};
  }
}

std::vector<Fault> all_faults(const std::vector<Note>& notes) {
  std::map<std::pair<std::string, Kind>, std::size_t> counts;
  for (const Note& note : notes)
    if (note.head.kind != Kind::kSay) ++counts[{note.role, note.head.kind}];
  std::vector<Fault> faults;
  for (const auto& [call, count] : counts)
    for (std::size_t n = 1; n <= count; ++n)
      for (const auto& [how, lasting] : ways(call.second))
        faults.push_back({call.first, call.second, n, how, lasting});
  return faults;
}

// Every kind of call of every program has its turn before one has its second.
std::vector<Fault> some_of(std::vector<Fault> faults, std::size_t most, std::size_t seed) {
  std::mt19937_64 random(seed);
  std::ranges::shuffle(faults, random);
  std::map<std::pair<std::string, Kind>, std::size_t> taken;
  std::vector<std::pair<std::size_t, Fault>> turns;
  for (const Fault& fault : faults) turns.emplace_back(taken[{fault.role, fault.kind}]++, fault);
  std::ranges::stable_sort(turns, {}, &std::pair<std::size_t, Fault>::first);
  if (turns.size() > most) turns.resize(most);
  std::vector<Fault> some;
  for (const auto& [turn, fault] : turns) some.push_back(fault);
  return some;
}

// A stage with its undisturbed end.
class Tried {
 public:
  explicit Tried(const Stage& stage)
      : stage_(stage), family_(fresh_folder("faults-" + stage.name)) {
    stage.prepare(family_);
    family_.keep_as_before();
    outside_ = family_.outside();
    auto [ending, notes] = family_.run_and_note(in(family_, stage.command));
    code_ = ending.code;
    output_ = ending.output;
    faults_ = all_faults(notes);
    state_ = state();
  }

  const std::vector<Fault>& faults() const { return faults_; }
  int code() const { return code_; }
  const std::string& output() const { return output_; }

  // What was wrong after a fault; empty: nothing.
  std::string wrong_with(const Fault& fault) {
    family_.put_back();
    const Ending ending = family_.run(in(family_, stage_.command), fault);
    std::string wrong = wrong_with_ending(ending, fault);
    const Ending again = family_.run(in(family_, stage_.command));
    if (again.code != code_)
      wrong += "the same command again: code " + std::to_string(again.code) + "\n";
    wrong += prefixed("after the same command: ", differences(state(), state_));
    wrong += prefixed("outside: ", differences(family_.outside(), outside_));
    if (!wrong.empty())
      wrong = fault.text() + " (" + ending.hit.substr(0, ending.hit.find('\n')) + "): code " +
              std::to_string(ending.code) + "\n" + wrong + "it said:\n" +
              ending.output.substr(0, 2000) + "then:\n" + again.output.substr(0, 1000);
    return wrong;
  }

 private:
  static std::string prefixed(const std::string& prefix, const std::string& text) {
    return text.empty() ? "" : prefix + text;
  }

  State state() {
    State all = lasting_state(family_.now());
    if (!stage_.look.empty()) all["look"] = family_.run(in(family_, stage_.look)).output;
    return all;
  }

  std::string wrong_with_ending(const Ending& ending, const Fault& fault) {
    const bool may_be_killed = fault.how == "kill" && fault.role == "sameseed";
    static const std::set<int> kDocumented = {0, 1, 2, 3, 4, 5, 6, 7, 8, 130};
    std::string wrong;
    if (!kDocumented.contains(ending.code) && !(may_be_killed && ending.code == 128 + SIGKILL))
      wrong += "no code of the manual\n";
    for (const char* words : {"internal error", "terminate called", "what():", "ssertion",
                              "json.exception", "filesystem error", "basic_"})
      if (ending.output.find(words) != std::string::npos)
        wrong += std::string("it said: ") + words + "\n";
    if (ending.code == code_ && fault.how != "kill") {  // so it claims to have done its work
      std::string left = differences(state(), state_);
      wrong += prefixed("claims to be done: ", without_excuses(left, ending.output));
    }
    return wrong;
  }

  // What is said is no claim: a pair that cannot be scored, a heat map that cannot be written. A
  // temporary file that could not be removed is the next command's.
  static std::string without_excuses(const std::string& text, const std::string& output) {
    std::string rest;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::string line = text.substr(at, end - at);
      at = end + 1;
      const std::string name = line.substr(0, line.find(':'));
      const bool is_said = output.find("/maps") != std::string::npos ||
                           output.find("pairs without scores: ") != std::string::npos;
      if (is_said && (name.find("/maps/") != std::string::npos || name.ends_with("scores.jsonl")))
        continue;
      if (name.find(".tmp-") != std::string::npos) continue;
      rest += line + "\n";
    }
    return rest;
  }

  const Stage& stage_;
  Family family_;
  std::map<std::string, std::string> outside_;
  int code_ = -1;
  std::string output_;
  std::vector<Fault> faults_;
  State state_;
};

std::string variable(const char* name, const std::string& otherwise) {
  const char* text = std::getenv(name);
  return text ? text : otherwise;
}

class SystemCalls : public ::testing::TestWithParam<Stage> {};

TEST_P(SystemCalls, ThatFailAreSurvivedByTheSameCommand) {
  const Stage& stage = GetParam();
  const std::string asked = variable("SAMESEED_TEST_FAULTS", std::to_string(stage.tries));
  const std::size_t seed = number_from("SAMESEED_TEST_SEED", 20261128);
  Tried tried(stage);
  ASSERT_GE(tried.code(), 0) << tried.output();
  ASSERT_FALSE(tried.faults().empty());
  const std::vector<Fault> faults =
      some_of(tried.faults(), asked == "all" ? tried.faults().size() : std::stoull(asked), seed);
  std::size_t wrong = 0;
  for (const Fault& fault : faults)
    if (const std::string text = tried.wrong_with(fault); !text.empty()) {
      ++wrong;
      ADD_FAILURE() << text;
    }
  std::cout << stage.name << ": " << faults.size() << " of " << tried.faults().size()
            << " faults tried, " << wrong << " wrong; undisturbed code " << tried.code()
            << "; SAMESEED_TEST_SEED=" << seed << std::endl;
}

// The sweep itself is tried: an error that is lost leaves a command that claims to be done.
TEST(SystemCallsThatLie, AreFound) {
  Tried report(*std::ranges::find(kStages, "report", &Stage::name));
  for (const Kind kind : {Kind::kWrite, Kind::kRename}) {
    const Fault lost{"sameseed", kind, 2, "lost"};
    const std::string text = report.wrong_with(lost);
    EXPECT_NE(text.find("claims to be done: "), std::string::npos) << lost.text() << "\n" << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, SystemCalls, ::testing::ValuesIn(kStages),
                         [](const auto& stage) { return stage.param.name; });

}  // namespace
}  // namespace sameseed::faults
