// Each command on a run's folder in which something is wrong: README.md.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>

#include "io/files.h"
#include "io/sha256.h"
#include "tests/end_to_end/program_under_test.h"
#include "tests/faults/hostile_rows.h"

namespace sameseed::faults {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Words = std::vector<std::string>;

constexpr auto kLongest = std::chrono::seconds(60);  // on a busy machine

struct Column {
  const char* name;
  Words words;                 // in the folder that the run lies in
  Words writes;                // whose names begin so, a command may change
  bool starts_others = false;  // engines or the scorer: half a second of LibTorch
  std::string makes = {};      // where it is not there
};

// What a report consists of.
const Words kReport = {"run/report.", "run/benchmarks.json", "run/junit.xml", "run/plotly.min.js"};
const Words kMade = {"run/records.jsonl", "run/images", "run/latents",
                     "run/noise",         "run/traces", "run/logs"};

const Column kColumns[] = {
    {"report", {"report", "run"}, kReport},
    {"gate", {"gate", "run"}, kReport},
    {"recommend", {"recommend", "run", "--at-most", "lpips.alex.mean=1"}, {}},
    {"gates", {"gates", "run", "--out", "made.json"}, {"made.json"}},
    {"plan", {"plan", "m.json", "--trace", "--out", "run", "--quiet"}, {}, false, "run/plan.json"},
    {"history add", {"history", "--ledger", "l.sqlite", "add", "run"}, {"l.sqlite"}},
    {"baseline accept", {"baseline", "accept", "run", "--ledger", "l.sqlite"}, {"l.sqlite"}},
    {"generate", {"generate", "run", "--quiet"}, kMade, true},
    {"score", {"score", "run"}, {"run/scores.jsonl", "run/maps", "run/logs"}, true},
    {"merge", {"merge", "run", "twin", "--out", "joined"}, {"joined"}, true},
    {"compare", {"compare", "twin", "run", "--out", "compared"}, {"compared"}, true},
};

struct Outcome {
  int code = -1;  // -1: it hung and was killed
  std::string output;
};

// What lies below a folder: its kind, and what it holds.
std::map<std::string, std::string> everything_in(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::file_status status = entry.symlink_status();
    std::string& holds = all[entry.path().lexically_relative(folder)];
    if (fs::is_symlink(status))
      holds = "link to " + fs::read_symlink(entry.path()).string();
    else if (fs::is_regular_file(status))
      holds = entry.file_size() > 100'000'000 ? fmt::format("{} bytes", entry.file_size())
                                              : sha256_of_file(entry.path());
    else
      holds = fmt::format("kind {}", static_cast<int>(status.type()));
  }
  return all;
}

// A run that was planned, made, scored, judged and reported, and beside it the same again.
class HostileFolders : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = fresh_folder("hostile");
    const fs::path before = root_ / "before";
    fs::create_directories(before / "outside");
    write_file(before / "outside/secret", "nobody's\n");
    const std::string matrix = write_matrix(before, kMisbehaving + " none", {2}, 1);
    json asked = read_json(matrix);
    asked["axes"] = {{"both.request.size", {"64x64", "64x128"}}};
    write_file(matrix, asked.dump());
    write_file(before / "g.json",
               R"({"schema":"sameseed/gate/1","gates":[
                   {"metric":"psnr.rgb","statistic":"worst","at_least":5}]})");
    now_ = before;
    for (const Words& words :
         {Words{"run", "m.json", "--trace", "--out", "run", "--quiet"},
          Words{"gate", "run", "--gates", "g.json", "--keep", "--baseline", "run/report.json"}}) {
      const Outcome made = outcome_of(words);
      ASSERT_EQ(made.code, 0) << made.output;
    }
    for (const char* large : {"plotly.min.js", "report.html"}) fs::remove(before / "run" / large);
    fs::copy(before / "run", before / "twin", fs::copy_options::recursive);
    now_ = root_ / "now";
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  static void put_back() {
    fs::remove_all(now_);
    fs::copy(root_ / "before", now_, fs::copy_options::recursive);
  }

  static Outcome outcome_of(const Words& words) {
    const fs::path log = root_ / "log", here = fs::current_path();
    fs::remove(log);
    fs::create_directories(root_ / "home");
    ::setenv("HOME", (root_ / "home").c_str(), 1);
    Words command = words;
    command.insert(command.begin(), kProgram);
    Outcome outcome;
    fs::current_path(now_);
    {
      Started program(command, log);
      fs::current_path(here);
      if (program.ended_within(kLongest)) outcome.code = program.wait();
    }
    outcome.output = read_file(log);
    return outcome;
  }

  static int undisturbed(const Column& column) {
    static std::map<std::string, int> codes;
    if (const auto known = codes.find(column.name); known != codes.end()) return known->second;
    put_back();
    return codes[column.name] = outcome_of(column.words).code;
  }

  // What is wrong with how this command ends on this folder; empty: nothing.
  static std::vector<std::string> complaints(const Row& row, const Column& column) {
    const int usual = undisturbed(column);
    put_back();
    row.spoil({now_ / "run", now_ / "outside"});
    const auto before = everything_in(now_);
    const Outcome outcome = outcome_of(column.words);
    std::vector<std::string> wrong;
    const auto says = [&](const std::string& text) {
      return outcome.output.find(text) != std::string::npos;
    };
    if (outcome.code < 0 || outcome.code > 8)
      wrong.push_back(fmt::format("ends with code {}", outcome.code));
    if (outcome.code == 1 && usual != 1 && std::ranges::none_of(row.names, says))
      wrong.push_back("does not say which file");
    for (const char* word : {"internal error", "terminate called", "json.exception", "basic_string",
                             "vector::", "std::", "bad_alloc"})
      if (says(word)) wrong.push_back(fmt::format("says \"{}\"", word));
    if (std::ranges::any_of(outcome.output, [](char c) {
          return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t') || c == '\x7f';
        }))
      wrong.push_back("writes control bytes");
    const auto now = everything_in(now_);
    const auto may_change = [&](const std::string& name) {
      return name.ends_with("/lock") || std::ranges::any_of(column.writes, [&](const auto& begin) {
               return name.starts_with(begin);
             });
    };
    for (const auto& [name, holds] : before)
      if (const auto found = now.find(name);
          !may_change(name) && (found == now.end() || found->second != holds))
        wrong.push_back(fmt::format("changes {:?}", name));
    for (const auto& [name, holds] : now)
      if (!before.contains(name) && !may_change(name) && name != column.makes)
        wrong.push_back(fmt::format("makes {:?}", name));
    for (const char* text : {"run/report.txt", "run/report.md", "joined/report.txt"})
      if (now.contains(text) && (!before.contains(text) || before.at(text) != now.at(text)) &&
          read_file(now_ / text).find('\x1b') != std::string::npos)
        wrong.push_back(fmt::format("writes an escape into {}", text));
    for (std::string& one : wrong) {
      std::string tail = outcome.output.substr(0, 600);
      one = fmt::format("{} | {}: {}\n    code {}, usually {}: {:?}", row.what, column.name, one,
                        outcome.code, usual, tail);
    }
    return wrong;
  }

  static fs::path root_, now_;
};

fs::path HostileFolders::root_, HostileFolders::now_;

TEST_F(HostileFolders, EndWithACodeAndAWordAndTouchNothingElse) {
  const std::size_t seed = number_from("SAMESEED_TEST_SEED", 20261128);
  const std::size_t changes = number_from("SAMESEED_TEST_CHANGES", 10);
  const char* cells = std::getenv("SAMESEED_TEST_CELLS");  // a number, or "all"
  const char* only = std::getenv("SAMESEED_TEST_ROWS");    // those whose names hold this
  const std::vector<Row> rows = hostile_rows(root_ / "before/run", changes, seed);
  std::vector<std::pair<const Row*, const Column*>> quick, slow, tried;
  for (const Row& row : rows)
    for (const Column& column : kColumns)
      if (!only || fmt::format("{} | {}", row.what, column.name).find(only) != std::string::npos)
        (column.starts_others ? slow : quick).emplace_back(&row, &column);
  std::mt19937_64 random(seed);
  std::ranges::shuffle(quick, random);
  std::ranges::shuffle(slow, random);
  if (!cells || std::string(cells) != "all") {
    const std::size_t wanted = cells ? std::stoull(cells) : 60;
    quick.resize(std::min(quick.size(), wanted));
    slow.resize(std::min(slow.size(), wanted / 15));
  }
  tried = quick;
  tried.insert(tried.end(), slow.begin(), slow.end());
  std::size_t wrong = 0;
  for (const auto& [row, column] : tried) {
    const std::vector<std::string> found = complaints(*row, *column);
    wrong += !found.empty();
    for (const std::string& one : found) ADD_FAILURE() << one;
  }
  std::cout << fmt::format(
      "{} rows by {} commands, {} cells tried (SAMESEED_TEST_SEED={}): {} wrong\n", rows.size(),
      std::size(kColumns), tried.size(), seed, wrong);
}

}  // namespace
}  // namespace sameseed::faults
