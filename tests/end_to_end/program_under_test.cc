#include "tests/end_to_end/program_under_test.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "bench/system/programs.h"
#include "io/files.h"

extern char** environ;

namespace sameseed {

using nlohmann::json;

const std::string kProgram = std::string(SAMESEED_BINARY_DIR) + "/bin/sameseed";
const std::string kMisbehaving = std::string(SAMESEED_BINARY_DIR) + "/bin/misbehaving_engine";

std::string fresh_folder(const std::string& name) {
  const std::string folder = ::testing::TempDir() + "sameseed-" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

std::string write_matrix(const std::string& folder, const std::string& engine,
                         const std::vector<int>& seeds, int blocks, const std::string& size) {
  const json matrix = {{"schema", "sameseed/matrix/1"},
                       {"name", "small"},
                       {"axes", {{"candidate.env.X", {"0", "1"}}}},
                       {"reference", {{"engine", engine}}},
                       {"candidate", {{"engine", engine}}},
                       {"requests",
                        {{"prompts", {"a red apple on a white background"}},
                         {"seeds", seeds},
                         {"size", size},
                         {"steps", 2}}},
                       {"timing", {{"warmup", 0}, {"blocks", blocks}}}};
  write_file(folder + "/m.json", matrix.dump(1));
  return folder + "/m.json";
}

Started::Started(const std::vector<std::string>& command, const std::string& log) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int number : {STDOUT_FILENO, STDERR_FILENO})
    ::posix_spawn_file_actions_addopen(&actions, number, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                       0644);
  const auto arguments = exec_pointers(command);
  EXPECT_EQ(::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
}

Started::~Started() {
  if (code_ >= 0) return;
  signal(SIGKILL);
  wait();
}

void Started::signal(int number) const { ::kill(pid_, number); }

int Started::wait() {
  if (code_ >= 0) return code_;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  return code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Started::ended_within(std::chrono::milliseconds time) {
  return eventually(
      [&] {
        siginfo_t info{};
        return code_ >= 0 ||
               (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                info.si_pid == pid_);
      },
      time);
}

namespace {

void remove_keys(json& value, const std::set<std::string>& keys) {
  if (value.is_object())
    for (const std::string& key : keys) value.erase(key);
  if (value.is_structured())
    for (json& inner : value) remove_keys(inner, keys);
}

}  // namespace

std::map<std::string, json> lasting_records(const std::string& run) {
  std::map<std::string, json> newest;
  std::ifstream in(run + "/records.jsonl");
  for (std::string line; std::getline(in, line);)
    if (const json record = json::parse(line, nullptr, false);
        record.is_object() && record.value("type", "") == "sample")
      newest[record.at("sample").get<std::string>()] = record;
  for (auto& [sample, record] : newest)
    remove_keys(record, {"timings_ms", "wall_ms", "warm_ups_ms", "peak_memory", "start", "worker",
                         "log_tail", "cpu", "invalid"});
  return newest;
}

void forget_invalid_times(const std::string& run) {
  std::istringstream in(read_file(run + "/records.jsonl"));
  std::string lines;
  for (std::string line; std::getline(in, line);) {
    json record = json::parse(line);
    record.erase("invalid");
    lines += record.dump() + "\n";
  }
  write_file(run + "/records.jsonl", lines);
}

json lasting_report(const std::string& run) {
  json report = read_json(run + "/report.json");
  remove_keys(report, {"run", "workers", "speed", "timings_ms", "repeat", "peak_memory", "invalid",
                       "invalid_blocks", "timed_samples"});
  return report;
}

std::vector<pid_t> processes_of(const std::string& mark, const std::string& run) {
  const std::string wanted = "USER=" + mark;
  const auto holds = [](const std::filesystem::path& file, const std::string& text) {
    std::ifstream in(file, std::ios::binary);
    for (std::string part; std::getline(in, part, '\0');)
      if (part == text) return true;
    return false;
  };
  std::vector<pid_t> pids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (std::stoi(name) != ::getpid() &&
        (holds(entry.path() / "environ", wanted) || holds(entry.path() / "cmdline", run)))
      pids.push_back(std::stoi(name));
  }
  return pids;
}

std::size_t number_from(const char* variable, std::size_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? static_cast<std::size_t>(std::stoull(text)) : otherwise;
}

}  // namespace sameseed
