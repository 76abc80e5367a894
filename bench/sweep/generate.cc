#include "bench/sweep/generate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <iostream>
#include <list>
#include <mutex>
#include <utility>

#include "bench/plan/expected_times.h"
#include "bench/plan/plan.h"
#include "bench/plan/plan_file.h"
#include "bench/plan/plan_index.h"
#include "bench/sweep/dispatcher.h"
#include "bench/sweep/full_disk.h"
#include "bench/sweep/resume.h"
#include "bench/sweep/sample_files.h"
#include "bench/sweep/sample_maker.h"
#include "bench/sweep/strikes.h"
#include "bench/system/clock.h"
#include "bench/system/device_record.h"
#include "bench/system/host.h"
#include "bench/system/interrupt.h"
#include "bench/system/obstacles.h"
#include "bench/system/programs.h"
#include "bench/worker/content.h"
#include "bench/worker/noise_files.h"
#include "bench/worker/worker_command.h"
#include "io/error.h"
#include "io/files.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr auto kBetweenFlushes = std::chrono::seconds(4);  // Progress has a line every 5

// What of this machine two runs must have in common.
json host_entry(const Host& host) {
  return {{"cpu", host.cpu}, {"cores", host.cores}, {"kernel", host.kernel}};
}

// Foreign text (a worker's last words) may be no valid UTF-8.
std::string line_of(const json& record) {
  return record.dump(-1, ' ', false, json::error_handler_t::replace);
}

class Sweep {
 public:
  Sweep(const std::filesystem::path& run, const GenerateOptions& options, Machine& machine)
      : run_(std::filesystem::absolute(run)),
        machine_(machine),
        options_(options),
        plan_(read_plan(run)),
        gpus_(find_gpus()),
        slots_(make_slots(options.devices, options.slots, host_.at("cores"), gpus_)),
        log_(run / "records.jsonl"),
        limits_(options.time_limit),
        start_(sha256(fmt::format("{} {} {}", ::getpid(), now(),
                                  std::chrono::steady_clock::now().time_since_epoch().count()))
                   .substr(0, 12)),
        noise_(run_, start_, limits_, machine),
        maker_(run_, index_, plan_.value("trace", false), noise_),
        crew_{.plan = plan_,
              .index = index_,
              .logs = run_ / "logs",
              .limits = limits_,
              .name_worker = [this] { return fmt::format("{}-{}", start_, ++workers_); },
              .file_record = [this](const json& record) { append(record); },
              .admit =
                  [this](const json& environment, const json& answer) {
                    json content = content_of(environment, answer, digests_);
                    content_.admit(environment, content, run_.string());
                    return content;
                  },
              .nvml = gpus_.nvml.get(),
              .machine = machine} {
    content_.admit_records(run_, index_);
    prepare_sample_folders(run_);
    stretches_ = stretches(plan_);
    if (options.shard) {
      const ExpectedTimes times = read_expected_times(run_);
      stretches_ = stretches_of(*options.shard, stretches_, [&](std::size_t sample) {
        return times.of(index_.case_of(plan_.at("samples").at(sample)));
      });
    }
    stretches_ = in_rounds(std::move(stretches_), slots_.size());
  }

  GenerateResult run() {
    MadeBefore made_before = read_made_before(run_, plan_);
    finished_ = std::move(made_before.finished);
    for (const auto& [environment, time] : made_before.times)
      limits_.learn(environment, "generate", time);
    std::size_t total = 0, before = 0;
    for (const Stretch& stretch : stretches_)
      for (const std::size_t sample : stretch.samples) {
        ++total;
        before += finished_.contains(plan_.at("samples").at(sample).at("id"));
      }
    append(run_record());
    std::vector<std::string> names;
    for (const Slot& slot : slots_) names.push_back(slot.name);
    Progress progress(style_of_stderr(options_.verbosity), std::cerr, total, before, names,
                      [this] { log_.flush(); });
    if (options_.devices.empty() && !options_.slots && !gpus_.devices.empty() && !gpus_.worker)
      progress.say(fmt::format("the {} is left alone: this build has no worker for GPUs",
                               gpus_.devices.front().name));
    if (before > 0) progress.say(fmt::format("{} of {} samples were made before", before, total));
    if (!made_before.passed_over.empty()) progress.say("warning: " + made_before.passed_over);

    // Started by this thread, with which they would go: it outlives the slots'.
    std::list<Dispatcher> dispatchers;
    if (const std::string problem = problem_before_work(dispatchers); !problem.empty()) {
      stop(problem);
      return result_;
    }
    warn_of_busy_host(progress);
    std::vector<std::function<void()>> jobs;
    for (auto [i, at] = std::pair{std::size_t{0}, dispatchers.begin()}; i < slots_.size();
         ++i, ++at)
      jobs.push_back([this, i, at, &progress] { work(i, *at, progress); });
    machine_.side_by_side(jobs);
    if (problem_) std::rethrow_exception(problem_);
    result_.failed = strikes_.total();
    result_.interrupted = interrupt_.asked();
    if (result_.stopped.empty())  // else there may be no room even for this
      append({{"type", "stop"},
              {"start", start_},
              {"at", now()},
              {"reason", result_.interrupted ? "interrupted" : "finished"}});
    log_.flush();
    return result_;
  }

 private:
  json run_record() const {
    json names = json::array();
    for (const Slot& slot : slots_) names.push_back(slot.name);
    json record = {{"type", "run"},
                   {"schema", "sameseed/record/2"},
                   {"start", start_},
                   {"started", now()},
                   {"command", options_.command},
                   {"version", SAMESEED_VERSION},
                   {"host", host_},
                   {"slots", names},
                   {"cohort",
                    {{"recipe", recipe_of(plan_)},
                     {"host", host_},
                     {"slots", slots_.size()},
                     {"variables", plan_.value("kept", json::object())},
                     {"version", SAMESEED_VERSION}}}};
    for (const Slot& slot : slots_)
      if (slot.gpu) record["cohort"]["devices"].push_back(device_cohort(*slot.gpu));
    if (options_.shard)
      record["shard"] = fmt::format("{}/{}", options_.shard->index, options_.shard->count);
    return record;
  }

  void append(const json& record) {
    const std::lock_guard lock(mutex_);
    log_.append(line_of(record));
  }

  // Pictures, latents and the log, so that a power loss takes a few seconds' work at most.
  void flush_if_due() {
    {
      const std::lock_guard lock(flushing_);
      if (machine_.now() - flushed_ < kBetweenFlushes) return;
      flushed_ = machine_.now();  // nobody else need do it meanwhile
    }
    log_.flush();
  }

  // One slot's life: its first stretch, and then the next that nobody has taken, until there is
  // none.
  void work(std::size_t slot, Dispatcher& dispatcher, Progress& progress) try {
    if (dispatcher.watch()) warn_of_others(*dispatcher.watch(), progress);
    for (std::size_t next = slot; next < stretches_.size(); next = next_stretch_++) {
      const bool is_timed = stretches_[next].group.has_value();
      dispatcher.load_ahead(needed(next));
      if (is_timed) dispatcher.await_loads();
      bool looks_ahead = !is_timed && slots_.size() == 1;  // of several, who knows what comes next?
      for (const std::size_t place : stretches_[next].samples) {
        if (over_ || interrupt_.asked()) return;
        const json& sample = plan_.at("samples").at(place);
        if (finished_.contains(sample.at("id"))) continue;
        make(sample, slot, dispatcher, progress);
        if (std::exchange(looks_ahead, false)) dispatcher.load_ahead(needed(next, next + 1));
      }
    }
    tell_beside(slot, false);
  } catch (const ContentChanged& changed) {
    stop(changed.what(), /*content_changed=*/true);
  } catch (const UserError& error) {  // the log could not be written
    stop(error.what());
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!problem_) problem_ = std::current_exception();
    over_ = true;
  }

  // Nothing works beside a timed sample, whichever slot makes it.
  void tell_beside(std::size_t slot, bool is_timed) {
    if (!options_.beside) return;
    const std::lock_guard lock(telling_);
    is_timing_[slot] = is_timed;
    if (std::ranges::find(is_timing_, true) != is_timing_.end())
      options_.beside->rest();
    else
      options_.beside->go_on();
  }

  // The environments of what is left to make in these stretches, in the order of their first
  // samples, but for those that are given up.
  std::vector<std::string> needed(std::size_t first, std::size_t last) const {
    std::vector<std::string> list;
    for (std::size_t one = first; one <= last && one < stretches_.size(); ++one)
      for (const std::size_t place : stretches_[one].samples) {
        const json& sample = plan_.at("samples").at(place);
        const std::string id = index_.environment_of(index_.case_of(sample)).at("id");
        if (!finished_.contains(sample.at("id")) && !strikes_.is_out(id) && !strikes_.refusal(id) &&
            std::ranges::find(list, id) == list.end())
          list.push_back(id);
      }
    return list;
  }
  std::vector<std::string> needed(std::size_t stretch) const { return needed(stretch, stretch); }

  // Before anything is made: a sweep takes hours, and its times would be invalid.
  static void warn_of_others(const DeviceWatch& watch, Progress& progress) {
    for (const std::string& obstacle : obstacles(watch.facts(), watch.before_work()))
      progress.say(fmt::format("warning: gpu {}: {}", watch.facts().index, obstacle));
  }

  // What `doctor` would say of the CPU, where something is to be timed on it.
  void warn_of_busy_host(Progress& progress) const {
    const auto has_times = [](const Stretch& stretch) { return stretch.group.has_value(); };
    if (std::ranges::none_of(stretches_, has_times) ||
        std::ranges::all_of(slots_, [](const Slot& slot) { return slot.gpu.has_value(); }))
      return;
    for (const std::string& obstacle : obstacles(machine_.read_host()))
      progress.say("warning: times may be invalid: " + obstacle);
  }

  void stop(const std::string& why, bool content_changed = false) {
    const std::lock_guard lock(mutex_);
    over_ = true;
    if (!result_.stopped.empty()) return;
    result_.stopped = why;
    result_.content_changed = content_changed;
  }

  // What a sample's record says before it is made.
  json sample_record(const json& sample, std::size_t slot) const {
    json record = sample;
    record["type"] = "sample";
    record["sample"] = record.at("id");
    record["start"] = start_;
    record["slot"] = slots_[slot].name;
    record.erase("id");
    return record;
  }

  void make(const json& sample, std::size_t slot, Dispatcher& dispatcher, Progress& progress) {
    const json& environment = index_.environment_of(index_.case_of(sample));
    const std::string what =
        fmt::format("{} {} {}", environment.at("engine").get<std::string>(),
                    sample.at("kind").get<std::string>(), sample.at("id").get<std::string>());
    progress.begins(slot, what);
    tell_beside(slot, sample.at("kind") == "timing");
    json record = sample_record(sample, slot);
    const auto began = machine_.now();
    if (strikes_.is_out(environment.at("id"))) {
      record["outcome"] = "given_up";
      record["error"] = fmt::format("its environment failed {} times before", Strikes::kMost);
    } else if (const auto why = strikes_.refusal(environment.at("id"))) {
      record.update({{"outcome", "unsupported"}, {"error", *why}, {"refused_at", "load"}});
    } else {
      record.update(maker_.make(sample, dispatcher));
    }
    const double ms = std::chrono::duration<double, std::milli>(machine_.now() - began).count();
    record["wall_ms"] = ms;
    const std::string outcome = record.at("outcome");
    const bool failed = outcome != "ok" && outcome != "unsupported";
    if (failed && is_for_want_of_space(record, index_.case_of(sample).at("request"),
                                       machine_.free_space(run_)))  // no record: not its fault
      return stop(fmt::format("{}: the disk is full; free some space", run_.string()));
    append(record);
    if (options_.beside) options_.beside->made(record);
    flush_if_due();  // before a line that counts it
    count(environment.at("id"), record);
    progress.ends(slot, what,
                  failed ? outcome + ": " + record.at("error").get<std::string>() : outcome, failed,
                  ms);
  }

  // Whose fault a record tells of.
  void count(const std::string& environment, const json& record) {
    const std::string outcome = record.at("outcome");
    if (outcome == "ok") {
      strikes_.add_success();
    } else if (outcome == kNoNoise) {
      if (strikes_.add_blameless() >= Strikes::kMost)
        stop(fmt::format("no noise can be drawn: {}; its log: {}",
                         record.at("error").get<std::string>(), noise_.log().string()));
    } else if (outcome != "unsupported") {
      strikes_.add(environment);
    } else if (record.value("refused_at", "") == "load") {
      strikes_.refuse(environment, record.at("error"));
    }
  }

  // What would fail every sample is found out before the first one: no process that draws noise, no
  // model, an engine whose program is not there, nor what works beside it. Empty where all is well.
  // The first workers load meanwhile.
  std::string problem_before_work(std::list<Dispatcher>& dispatchers) {
    for (const json& environment : plan_.at("environments"))
      for (const Slot& slot : slots_) {
        const std::string engine = environment.at("engine"),
                          name = worker_command(engine, slot.worker).front();
        if (find_program(name).empty())
          return fmt::format("engine {}: there is no program {}", engine, name);
      }
    for (std::size_t i = 0; i < slots_.size(); ++i)
      dispatchers.emplace_back(crew_, slots_[i]).load_ahead(needed(i));
    if (const std::string problem = problem_of_noise(); !problem.empty()) return problem;
    return options_.beside
               ? options_.beside->begins(finished_, idle_cores(slots_, host_.at("cores")))
               : "";
  }

  std::string problem_of_noise() {
    for (const Stretch& stretch : stretches_)
      for (const std::size_t place : stretch.samples) {
        const json& sample = plan_.at("samples").at(place);
        if (finished_.contains(sample.at("id"))) continue;
        const json& planned_case = index_.case_of(sample);
        try {
          noise_for(noise_, planned_case, index_.environment_of(planned_case).at("load"));
        } catch (const WorkerFailure& failure) {
          return fmt::format("no noise can be drawn: {}; its log: {}", failure.what(),
                             noise_.log().string());
        }
        return "";
      }
    return "";
  }

  const std::filesystem::path run_;
  Machine& machine_;
  const GenerateOptions& options_;
  const json plan_;
  const PlanIndex index_{plan_};
  const json host_ = host_entry(machine_.read_host());
  const Gpus gpus_;
  const std::vector<Slot> slots_;
  AppendLog log_;
  TimeLimits limits_;
  DigestCache digests_;
  RunContent content_;
  const std::string start_;  // of the program: blocks are whole only if one start made them
  NoiseFiles noise_;
  const SampleMaker maker_;
  const Crew crew_;
  Interrupt interrupt_;
  std::vector<Stretch> stretches_;
  std::set<std::string> finished_;
  std::atomic<std::size_t> next_stretch_ = slots_.size(), workers_ = 0;
  std::atomic<bool> over_ = false;
  Strikes strikes_;

  std::mutex telling_;
  std::vector<bool> is_timing_ = std::vector<bool>(slots_.size());  // by slot

  std::mutex flushing_;
  Machine::Clock::time_point flushed_ = machine_.now();

  std::mutex mutex_;  // of what follows, and of the log
  GenerateResult result_;
  std::exception_ptr problem_;
};

}  // namespace

GenerateResult generate(const std::filesystem::path& run, const GenerateOptions& options,
                        Machine& machine) {
  return Sweep(run, options, machine).run();
}

}  // namespace sameseed
