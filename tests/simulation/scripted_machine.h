// A machine whose workers do what a seed says, and whose time passes at once.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/worker/machine.h"
#include "tests/simulation/expectations.h"

namespace sameseed::simulation {

// How likely what is, of 1.
struct Mood {
  double fault = 0;                        // at each request
  double noise_fault = 0;                  // the same of the process that draws noise
  double no_start = 0;                     // a worker cannot be started
  double content = 0;                      // a model's file is changed before or during a load
  std::optional<Milliseconds> signal;      // after the start's begin
  std::optional<std::size_t> signal_line;  // as this line is written
  std::optional<std::size_t> full_line;    // from this line on there is no room in the log
  std::optional<std::size_t> lost_flush;   // this flush fails
  bool low_disk = false;                   // failing samples find little room
  bool slow_noise = false;
  bool is_benign() const;
};

// How often what happened, over all schedules.
using Histogram = std::map<std::string, std::size_t>;

struct World {
  Random& random;
  const nlohmann::json& plan;
  const std::filesystem::path run, model_file;
  const std::optional<Milliseconds> fixed_limit;
  Expectations& expect;
  Histogram& histogram;
  // What the schedule's engines never support.
  std::set<std::string> refusing = {}, unsupported = {};  // environments; seeds and prompts
  std::vector<std::string>* trace = nullptr;

  Turns turns{random, [this] { expect.begins(Turns::job(), turns.now()); },
              [this](Time began) { waited(began); }};
  Mood mood = {};
  int model_version = 0;
  bool slots_are_done = false;                        // in this start
  std::size_t requests = 0, lines = 0, flushes = 0;   // of this start
  std::map<int, std::set<const void*>> workers = {};  // that are up, by slot
  std::map<int, double> cpu_waited = {}, cpu_busy = {};

  double chance() { return std::uniform_real_distribution<>()(random); }
  bool happens(double probability) { return probability > 0 && chance() < probability; }
  std::size_t below(std::size_t count) { return random() % count; }
  void note(const std::string& text);
  void seen(const std::string& event) { ++histogram[event]; }
  void signal();
  void set_model(int version);
  void waited(Time began);
};

class ScriptedMachine final : public Machine {
 public:
  explicit ScriptedMachine(World& world) : world_(world) {}
  std::unique_ptr<Worker> start(const std::vector<std::string>& command,
                                const std::vector<std::string>& environment,
                                const std::filesystem::path& log) override;
  bool loads_ahead() const override { return false; }  // one thing at a time has its turn
  Clock::time_point now() override { return world_.turns.now(); }
  Host read_host() override { return {.cpu = "simulated", .kernel = "none", .cores = 4}; }
  CpuReading read_cpu(pid_t worker) override;
  std::uintmax_t free_space(const std::filesystem::path& folder) override;
  void side_by_side(const std::vector<std::function<void()>>& jobs) override {
    world_.turns.run(jobs);
    world_.slots_are_done = true;
  }

 private:
  World& world_;
};

// Whose log is written to and flushed; null: nobody's.
void watch_log(World* world);

}  // namespace sameseed::simulation
