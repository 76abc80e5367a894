#include "bench/generate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "bench/programs.h"
#include "bench/worker.h"
#include "io/error.h"
#include "io/files.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::size_t kMostWorkers =
    3;                            // reference, candidate, and the candidate with its switches off
constexpr int kMostFailures = 3;  // of one environment, then it is given up
constexpr std::size_t kLogTail = 12;  // lines
constexpr auto kTimeLimit = 600s;

std::string now() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

json host() {
  utsname system{};
  ::uname(&system);
  std::string cpu, line;
  for (std::ifstream in("/proc/cpuinfo"); std::getline(in, line);)
    if (line.starts_with("model name")) {
      cpu = line.substr(line.find(':') + 2);
      break;
    }
  return {{"cpu", cpu},
          {"cores", std::thread::hardware_concurrency()},
          {"kernel", std::string(system.release)}};
}

std::vector<std::string> last_lines(const std::filesystem::path& log) {
  std::vector<std::string> lines;
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  if (lines.size() > kLogTail) lines.erase(lines.begin(), lines.end() - kLogTail);
  return lines;
}

// Samples that need no second making: those that are well, but for blocks that were cut short.
std::set<std::string> finished(const std::filesystem::path& log, const json& samples) {
  std::map<std::string, std::string> outcomes;
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) {
    const json record = json::parse(line, nullptr, false);
    if (record.is_object() && record.value("type", "") == "sample" && record.contains("sample") &&
        record.contains("outcome"))
      outcomes[record.at("sample").get<std::string>()] = record.at("outcome").get<std::string>();
  }
  const auto well = [&](const json& sample) {
    const auto found = outcomes.find(sample.at("id"));
    return found != outcomes.end() && (found->second == "ok" || found->second == "unsupported");
  };
  std::set<std::pair<std::string, int>> broken;
  for (const json& sample : samples)
    if (sample.at("kind") == "timing" && !well(sample))
      broken.emplace(sample.at("comparison").get<std::string>(), sample.at("block").get<int>());
  std::set<std::string> done;
  for (const json& sample : samples)
    if (well(sample) && (sample.at("kind") != "timing" ||
                         !broken.contains(std::pair(sample.at("comparison").get<std::string>(),
                                                    sample.at("block").get<int>()))))
      done.insert(sample.at("id"));
  return done;
}

class Generator {
 public:
  Generator(const std::filesystem::path& run, const GenerateOptions& options)
      : run_(run),
        options_(options),
        plan_(read_json(run / "plan.json")),
        log_(run / "records.jsonl") {
    for (const json& environment : plan_.at("environments")) {
      environments_[environment.at("id")] = environment;
      for (const auto& [name, value] : environment.at("variables").items()) swept_.insert(name);
    }
    for (const json& one : plan_.at("cases")) cases_[one.at("id")] = one;
    // The noise is the reference arm's, whatever the other arm computes in.
    for (const json& environment : plan_.at("environments"))
      if (environment.at("engine") == "reference" && environment.at("load").contains("precision"))
        precision_ = environment.at("load").at("precision");
    log_.append(json{
        {"type", "run"},
        {"schema", "sameseed/record/1"},
        {"started", now()},
        {"command", options.command},
        {"version", SAMESEED_VERSION},
        {"host", host()},
        {"cohort",
         {{"matrix", plan_.at("matrix_sha256")}, {"host", host()}, {"version", SAMESEED_VERSION}}}}
                    .dump());
  }

  int run() {
    const json& samples = plan_.at("samples");
    const std::set<std::string> done = finished(run_ / "records.jsonl", samples);
    if (!done.empty())
      say(fmt::format("{} of {} samples were made before", done.size(), samples.size()));
    const auto start = std::chrono::steady_clock::now();
    std::size_t made = 0;
    for (const json& sample : samples) {
      if (done.contains(sample.at("id"))) continue;
      make(sample);
      ++made;
      const auto passed =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (passed > next_line_ || made + done.size() == samples.size()) {
        next_line_ = passed + 5;
        const auto left = passed / static_cast<double>(made) *
                          static_cast<double>(samples.size() - done.size() - made);
        say(fmt::format("{}/{} samples, {:.0f} s, about {:.0f} s left, {} failed",
                        done.size() + made, samples.size(), passed, left, failed_));
      }
    }
    return failed_;
  }

 private:
  struct Slot {
    std::string environment, name;
    std::unique_ptr<Worker> worker;
  };

  void say(const std::string& line) const {
    if (!options_.quiet) std::cerr << "sameseed: " << line << "\n";
  }

  std::filesystem::path log_of(const std::string& worker) const {
    return run_ / "logs" / (worker + ".log");
  }

  // The environment's worker, started and warm; the one used longest ago makes room for it.
  Slot& slot_for(const std::string& environment_id, const json& first_request) {
    const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      return slot.environment == environment_id;
    });
    if (found != slots_.end()) {
      slots_.splice(slots_.begin(), slots_, found);
      return slots_.front();
    }
    while (slots_.size() >= kMostWorkers) slots_.pop_back();
    const json& environment = environments_.at(environment_id);
    last_worker_ = fmt::format("{}-{}", environment_id, ++started_);
    Variables variables;
    for (const auto& [name, value] : environment.at("variables").items())
      variables[name] = value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
    Slot slot{environment_id, last_worker_,
              std::make_unique<Worker>(worker_command(environment.at("engine")),
                                       environment_for(variables, swept_), log_of(last_worker_))};
    json load = environment.at("load");
    load["op"] = "load";
    const json answer = slot.worker->ask(load, kTimeLimit);
    log_.append(json{
        {"type", "worker"},
        {"worker", slot.name},
        {"environment", environment_id},
        {"pid", slot.worker->pid()},
        {"started", now()},
        {"load",
         answer}}.dump());
    slots_.push_front(std::move(slot));
    json warm_up = first_request;
    warm_up["id"] = "warm-up";
    for (const char* file : {"image", "latents", "tensors"}) warm_up[file] = "";
    ensure_noise(*slots_.front().worker, warm_up);
    for (int i = 0; i < plan_.at("timing").at("warmup").get<int>(); ++i)
      slots_.front().worker->ask(warm_up, kTimeLimit);
    return slots_.front();
  }

  void ensure_noise(Worker& worker, const json& request) {
    const std::string file = request.at("noise");
    if (std::filesystem::exists(file)) return;
    std::filesystem::create_directories(run_ / "noise");
    worker.ask({{"op", "noise"},
                {"seed", request.at("seed")},
                {"size", request.at("size")},
                {"precision", precision_},
                {"out", file}},
               kTimeLimit);
  }

  json request_for(const json& sample) const {
    const json& one = cases_.at(sample.at("case"));
    json request = one.at("request");
    const std::string id = sample.at("id");
    const auto absolute = std::filesystem::absolute(run_);
    request["op"] = "generate";
    request["id"] = id;
    request["noise"] =
        (absolute / "noise" /
         fmt::format("{}-{}-{}.safetensors", precision_, request.at("size").get<std::string>(),
                     request.at("seed").get<std::uint64_t>()))
            .string();
    const bool quality = sample.at("kind") == "quality";
    request["image"] = quality ? (absolute / "images" / (id + ".png")).string() : "";
    request["latents"] = quality ? (absolute / "latents" / (id + ".safetensors")).string() : "";
    return request;
  }

  void make(const json& sample) {
    const std::string environment = cases_.at(sample.at("case")).at("environment");
    json record = sample;
    record["type"] = "sample";
    record["sample"] = record.at("id");
    record.erase("id");
    if (failures_[environment] >= kMostFailures) {
      record["outcome"] = "given_up";
      record["error"] = fmt::format("its environment failed {} times before", kMostFailures);
      ++failed_;
    } else {
      attempt(environment, request_for(sample), record);
    }
    log_.append(record.dump());
  }

  void attempt(const std::string& environment, const json& request, json& record) {
    const auto start = std::chrono::steady_clock::now();
    try {
      Slot& slot = slot_for(environment, request);
      ensure_noise(*slot.worker, request);
      const auto asked = std::chrono::steady_clock::now();
      record.update(slot.worker->ask(request, kTimeLimit));
      record["wall_ms"] =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - asked)
              .count();
      record["worker"] = slot.name;
      record["outcome"] = "ok";
      record.erase("ok");
      record.erase("id");
    } catch (const WorkerFailure& failure) {
      record["outcome"] = failure.kind;
      record["error"] = failure.what();
      record["worker"] = last_worker_of(environment);
      record["log_tail"] = last_lines(log_of(record.at("worker")));
      record["wall_ms"] =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
              .count();
      if (failure.kind != "unsupported") {
        ++failed_;
        ++failures_[environment];
      }
      if (!failure.alive())
        slots_.remove_if([&](const Slot& slot) { return slot.environment == environment; });
    }
  }

  std::string last_worker_of(const std::string& environment) const {
    for (const Slot& slot : slots_)
      if (slot.environment == environment) return slot.name;
    return last_worker_;
  }

  std::filesystem::path run_;
  GenerateOptions options_;
  json plan_;
  AppendLog log_;
  std::map<std::string, json> environments_, cases_;
  std::set<std::string> swept_;
  std::string precision_ = "fp32", last_worker_;
  std::list<Slot> slots_;  // the last used first
  std::map<std::string, int> failures_;
  int started_ = 0, failed_ = 0;
  double next_line_ = 5;
};

}  // namespace

std::vector<std::string> worker_command(const std::string& engine) {
  if (engine == "reference" || engine == "accelerated" || engine == "null")
    return {program("sameseed-worker").string(), engine};
  std::vector<std::string> words(1);
  for (const char c : engine) {
    if (c != ' ')
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  return words;
}

int generate(const std::filesystem::path& run, const GenerateOptions& options) {
  return Generator(run, options).run();
}

}  // namespace sameseed
