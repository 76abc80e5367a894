#include "bench/generate.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "bench/clock.h"
#include "bench/dispatcher.h"
#include "bench/plan_file.h"
#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;
constexpr int kMostFailures = 3;      // of one environment, then it is given up
constexpr std::size_t kLogTail = 12;  // lines

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
        plan_(read_plan(run)),
        log_(run / "records.jsonl"),
        dispatcher_(plan_, run / "logs",
                    [this](const json& record) { log_.append(record.dump()); }) {
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
  void say(const std::string& line) const {
    if (!options_.quiet) std::cerr << "sameseed: " << line << "\n";
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
      ensure_noise(cases_.at(record.at("case")), request);
      record.update(dispatcher_.generate(environment, request));
      record["outcome"] = "ok";
      record.erase("ok");
      record.erase("id");
    } catch (const WorkerFailure& failure) {
      record["outcome"] = failure.kind;
      record["error"] = failure.what();
      record["log_tail"] = last_lines(dispatcher_.log_of(dispatcher_.last_worker()));
      if (failure.kind != "unsupported") {
        ++failed_;
        ++failures_[environment];
      }
    }
    record["worker"] = dispatcher_.last_worker();
    record["wall_ms"] =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }

  void ensure_noise(const json& one, const json& request) {
    const std::string file = request.at("noise");
    if (std::filesystem::exists(file)) return;
    std::filesystem::create_directories(run_ / "noise");
    json load;
    for (const json& environment : plan_.at("environments"))
      if (environment.at("id") == one.at("environment")) load = environment.at("load");
    if (!noise_)
      noise_ = std::make_unique<Worker>(worker_command("noise"), environment_for({}, {}),
                                        run_ / "logs/noise.log");
    noise_->ask({{"op", "noise"},
                 {"model", load.at("model")},
                 {"vae", load.value("vae", "")},
                 {"seed", request.at("seed")},
                 {"size", request.at("size")},
                 {"precision", precision_},
                 {"out", file}},
                std::chrono::minutes(10));
  }

  std::filesystem::path run_;
  GenerateOptions options_;
  json plan_;
  AppendLog log_;
  Dispatcher dispatcher_;
  std::unique_ptr<Worker> noise_;
  std::map<std::string, json> cases_;
  std::string precision_ = "fp32";
  std::map<std::string, int> failures_;
  int failed_ = 0;
  double next_line_ = 5;
};

}  // namespace

int generate(const std::filesystem::path& run, const GenerateOptions& options) {
  return Generator(run, options).run();
}

}  // namespace sameseed
