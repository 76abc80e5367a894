// simulate [--schedules N] [--first SEED] [--seed SEED]: tries the run loop under scripted workers;
// README.md beside this file says what that is.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "tests/simulation/schedule.h"

namespace {

using namespace sameseed::simulation;
namespace fs = std::filesystem;

constexpr unsigned kLongest = 60;     // seconds that a schedule may really take
constexpr std::uint64_t kTwice = 50;  // each of so many is tried twice, and must come out alike
constexpr std::size_t kMostShown = 20;

// Seeds that were wrong once, and that the first thousand does not hold.
constexpr std::uint64_t kOnceWrong[] = {6279, 10306, 84117};

fs::path new_folder() {
  const fs::path base = fs::is_directory("/dev/shm") ? "/dev/shm" : fs::temp_directory_path();
  std::string name = (base / "sameseed-simulation-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    throw std::runtime_error("no folder can be made in " + base.string());
  return name;
}

extern "C" void too_long(int) { give_up("no end within 60 s: something waits for ever"); }

class Trials {
 public:
  explicit Trials(const fs::path& folder) : folder_(folder), plans_(make_plans(folder)) {}

  void one(std::uint64_t seed, bool shown = false) {
    ::alarm(kLongest);
    const bool twice = shown || seed % kTwice == 0;
    Tried tried = try_schedule(seed, plans_, folder_, histogram_, twice);
    if (twice) {
      Histogram none;
      const std::vector<std::string> again = try_schedule(seed, plans_, folder_, none, true).trace;
      const auto [one, other] = std::ranges::mismatch(tried.trace, again);
      if (one != tried.trace.end() || other != again.end())
        tried.wrong.push_back("a second time it went another way: " +
                              (other == again.end() ? "it ended" : *other));
    }
    if (shown)
      for (const std::string& line : tried.trace) fmt::print("{}\n", line);
    ++schedules_;
    if (tried.wrong.empty()) return;
    if (++wrong_ > kMostShown) return;
    for (const std::string& line : tried.wrong) fmt::print("seed {}: WRONG: {}\n", seed, line);
    std::fflush(stdout);
  }

  int report(double seconds) const {
    for (const auto& [event, count] : histogram_) fmt::print("{:>10}  {}\n", count, event);
    fmt::print("{} schedules, {} wrong, {:.1f} s\n", schedules_, wrong_, seconds);
    return wrong_ == 0 ? 0 : 1;
  }

 private:
  const fs::path folder_;
  const std::vector<nlohmann::json> plans_;
  Histogram histogram_;
  std::size_t schedules_ = 0, wrong_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  std::uint64_t schedules = 1000, first = 0, seed = 0;
  CLI::App program("the run loop under scripted workers and a clock of its own");
  program.add_option("--schedules", schedules, "how many to try");
  program.add_option("--first", first, "the seed of the first one; the others follow");
  CLI::Option* one = program.add_option("--seed", seed, "only this one, and say what happened");
  CLI11_PARSE(program, argc, argv);
  const auto start = std::chrono::steady_clock::now();
  const fs::path folder = new_folder();
  ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
  ::signal(SIGALRM, too_long);
  // Names of the plan depend on where its model lies, and so would a seed's schedule.
  fs::current_path(folder);
  Trials trials(".");
  if (one->count() > 0) {
    trials.one(seed, true);
  } else {
    for (const std::uint64_t known : kOnceWrong) trials.one(known);
    for (std::uint64_t i = 0; i < schedules; ++i) trials.one(first + i);
  }
  fs::remove_all(folder);
  return trials.report(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
} catch (const std::exception& problem) {
  std::cerr << "simulate: " << problem.what() << "\n";
  return 1;
}
