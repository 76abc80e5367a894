// `kill -9` at random moments: the run that goes on ends as if nothing had happened.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "io/files.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Every picture was recorded once; a timing block that was cut was made again whole, and a whole
// one only if the machine disturbed it.
void expect_none_made_twice(const std::string& run) {
  using Positions = std::array<int, 4>;  // how often each was made in one start
  struct Made {
    Positions all = {}, undisturbed = {};
  };
  std::map<std::string, int> quality;
  std::map<std::pair<std::string, int>, std::map<std::string, Made>> blocks;
  std::ifstream in(run + "/records.jsonl");
  for (std::string line; std::getline(in, line);) {
    const json record = json::parse(line, nullptr, false);
    if (!record.is_object() || record.value("type", "") != "sample") continue;
    if (record.at("kind") == "quality") {
      ++quality[record.at("sample")];
      continue;
    }
    Made& made = blocks[{record.at("comparison"), record.at("block")}][record.at("start")];
    const auto position = record.at("position").get<std::size_t>();
    ++made.all.at(position);
    if (!record.contains("invalid")) ++made.undisturbed.at(position);
  }
  for (const auto& [sample, times] : quality) EXPECT_EQ(times, 1) << sample;
  for (const auto& [block, starts] : blocks) {
    int whole = 0, undisturbed = 0;
    for (const auto& [start, made] : starts) {
      whole += std::ranges::min(made.all);
      undisturbed += std::ranges::min(made.undisturbed);
    }
    EXPECT_GE(whole, 1) << block.first << " " << block.second;
    EXPECT_LE(undisturbed, 1) << block.first << " " << block.second;
  }
}

void kill_and_go_on(const std::string& name, const std::string& engine, std::size_t kills,
                    const std::vector<int>& seeds, int blocks) {
  const std::size_t seed = number_from("SAMESEED_TEST_SEED", 20261124);
  kills = number_from("SAMESEED_TEST_KILLS", kills);
  std::cout << kills << " kills, SAMESEED_TEST_SEED=" << seed << std::endl;
  std::mt19937_64 random(seed);
  const std::string folder = fresh_folder("kill-" + name);
  const std::string matrix = write_matrix(folder, engine, seeds, blocks);
  if (engine == "reference") {  // which reads no X, and a switch that does nothing is code 8
    json asked = read_json(matrix);
    asked["axes"] = {{"candidate.request.guidance", {4, 5}}};
    write_file(matrix, asked.dump(1));
  }
  const auto command = [&](const std::string& run) {
    return std::vector<std::string>{kProgram, "run", matrix, "--out", run, "--quiet"};
  };
  const std::string mark = name + "-" + std::to_string(::getpid());
  ::setenv("USER", mark.c_str(), 1);  // reaches every worker
  ::setenv("SAMESEED_KEEP_ENV", "OMP_NUM_THREADS", 1);
  ::setenv("OMP_NUM_THREADS", "1", 1);  // a second thread makes no such small picture sooner
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(Started(command(folder + "/undisturbed"), folder + "/log").wait(), 0);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  std::uniform_int_distribution<int> moment(0, static_cast<int>(took.count()));
  const auto records = lasting_records(folder + "/undisturbed");
  const json report = lasting_report(folder + "/undisturbed");
  ASSERT_EQ(records.size(), read_json(folder + "/undisturbed/plan.json").at("samples").size());

  std::size_t killed = 0, runs = 0, interrupted_runs = 0;
  while (killed < kills) {
    const std::string run = folder + "/run" + std::to_string(++runs);
    std::size_t of_this_run = 0;
    for (bool ended = false; !ended;) {
      Started program(command(run), folder + "/log");
      ended = killed >= kills ? program.wait() >= 0
                              : program.ended_within(std::chrono::milliseconds(moment(random)));
      if (!ended) {
        program.signal(SIGKILL);
        program.wait();
        ++killed;
        ++of_this_run;
        ASSERT_TRUE(eventually([&] { return processes_of(mark, run).empty(); }))
            << "a worker outlived the run";
      } else {
        ASSERT_EQ(program.wait(), 0) << read_file(folder + "/log");
      }
    }
    interrupted_runs += of_this_run > 0;
    ASSERT_EQ(lasting_records(run), records);
    ASSERT_EQ(json::diff(lasting_report(run), report), json::array());
    expect_none_made_twice(run);
    if (::testing::Test::HasFailure()) return;
    std::filesystem::remove_all(run);
  }
  std::cout << killed << " kills over " << interrupted_runs
            << " runs, each ended as the undisturbed one" << std::endl;
  std::filesystem::remove_all(folder);
}

TEST(Kill, AtAnyMomentLosesNothingOfARunThatIsAllHarness) {
  kill_and_go_on("null", kMisbehaving + " none", 8, {2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 36);
}

TEST(Kill, AtAnyMomentLosesNothingOfARunOnTheEmbeddedModel) {
  kill_and_go_on("model", "reference", 1, {0}, 1);
}

}  // namespace
}  // namespace sameseed
