#include "tests/simulation/expectations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "bench/sweep/sample_files.h"
#include "bench/sweep/sample_maker.h"
#include "bench/sweep/strikes.h"

namespace sameseed::simulation {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kToEnd = 10s;  // that workers of a slot may take to go, before its error is known

double ms(Time::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }
bool is_well(const std::string& outcome) { return outcome == "ok" || outcome == "unsupported"; }

}  // namespace

std::set<std::string> finished_samples(const json& plan, const std::filesystem::path& run) {
  std::map<std::string, json> newest;
  std::ifstream in(run / "records.jsonl");
  for (std::string line; std::getline(in, line);) {
    json record = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (record.is_object() && record.value("type", "") == "sample")
      newest[std::string(record.at("sample"))] = record;
  }
  std::set<std::string> well;
  for (const auto& [sample, record] : newest) {
    const bool is_invalid = record.value("kind", "") == "timing" && record.contains("invalid");
    if (is_well(record.at("outcome")) && (record.at("outcome") != "ok" || !is_invalid) &&
        (record.at("outcome") != "ok" || files_are_there(run, record)))
      well.insert(sample);
  }
  std::map<std::pair<std::string, int>, std::set<std::string>> starts;
  const auto block_of = [](const json& sample) {
    return std::pair(sample.at("comparison").get<std::string>(), sample.at("block").get<int>());
  };
  const auto is_timed = [](const json& sample) { return sample.at("kind") == "timing"; };
  for (const json& sample : plan.at("samples"))
    if (is_timed(sample))
      starts[block_of(sample)].insert(
          well.contains(sample.at("id")) ? newest.at(sample.at("id")).at("start") : "none");
  std::set<std::string> finished;
  for (const json& sample : plan.at("samples"))
    if (well.contains(sample.at("id")) &&
        (!is_timed(sample) || (starts.at(block_of(sample)).size() == 1 &&
                               !starts.at(block_of(sample)).contains("none"))))
      finished.insert(sample.at("id"));
  return finished;
}

// A process that dies gets a second try; one that says no does not.
bool Expectations::has_no_noise(const Slot& slot) {
  int dead = 0, refused = 0;
  for (const Happening& one : slot.happenings)
    if (one.outcome != "ok" && (one.op == 'n' || one.op == 's'))
      ++(one.outcome == "failed" || one.outcome == "unsupported" ? refused : dead);
  return refused > 0 || dead > 1;
}

template <typename... T>
void Expectations::say(const T&... parts) {
  std::string text;
  ((text += parts), ...);
  wrong.push_back(text);
}

const json& Expectations::case_of(const std::string& sample) const {
  return index_.case_of(*samples_.at(sample));
}

void Expectations::start_begins(Time now) {
  slots_.clear();
  reasons_.clear();
  slowest_.clear();
  strikes_.clear();
  refused_.clear();
  made_.clear();
  workers_.clear();
  noise_.clear();
  failed_ = lines_ = blameless_ = unflushed_ = 0;
  began_ = flushed_ = now;
  busy_ = {};
  last_type_.clear();
  const std::set<std::string> finished = finished_samples(plan_, run_);
  to_make_.clear();
  model.reset();
  for (const std::string& sample : shard_)
    if (!finished.contains(sample)) to_make_.insert(sample);
  std::map<std::string, json> newest;
  std::ifstream in(run_ / "records.jsonl");
  offset_ = 0;
  for (std::string line; std::getline(in, line); offset_ += line.size() + !in.eof()) {
    json record = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (record.is_object() && record.value("type", "") == "sample")
      newest[std::string(record.at("sample"))] = record;
    else if (record.is_object() && record.value("type", "") == "worker")
      model = recorded_model_;
  }
  for (const std::string& sample : finished)
    if (newest.at(sample).at("outcome") == "ok")
      learn(case_of(sample).at("environment"), 'g',
            Milliseconds(static_cast<std::int64_t>(newest.at(sample).at("wall_ms").get<double>())));
}

Milliseconds Expectations::limit_of(const std::string& environment, Op op) const {
  if (fixed_) return *fixed_;
  const char kind = op == 'w' ? 'g' : op;
  const auto own = slowest_.find({environment, kind}), any = slowest_.find({"", kind});
  if (own != slowest_.end()) return std::max<Milliseconds>(1min, 20 * own->second);
  if (any != slowest_.end()) return std::max<Milliseconds>(1min, 100 * any->second);
  return 30min;
}

void Expectations::learn(const std::string& environment, Op op, Milliseconds took) {
  for (const std::string& whose : {environment, std::string()}) {
    Milliseconds& slowest = slowest_[{whose, op == 'w' ? 'g' : op}];
    slowest = std::max(slowest, took);
  }
}

void Expectations::request_begins(int number, Op op, const std::string& environment,
                                  Milliseconds limit) {
  if (const Milliseconds right = limit_of(environment, op); limit != right)
    say("a ", name_of(op), " had ", std::to_string(limit.count()), " ms, and ",
        std::to_string(right.count()), " ms are right");
  Slot& slot = slots_[number];
  if (slot.recorded && !reasons_.contains("disk") && *slot.recorded - flushed_ >= 4s)
    say("a record is not on the disk, after ", std::to_string(ms(*slot.recorded - flushed_)),
        " ms, and the next sample is begun");
  slot.recorded.reset();
}

bool Expectations::may_begin(Time when) const {
  return std::ranges::none_of(reasons_, [&](const auto& reason) {
    const bool at_once = reason.first == "signal" || reason.first == "noise";
    return at_once ? when > reason.second : when > reason.second + kToEnd;
  });
}

// As the program saw the run when it took the sample.
void Expectations::begin_sample(Slot& slot, Time began) {
  if (std::exchange(slot.is_taken, true)) return;
  slot.began = began;
  slot.strikes = strikes_;
  slot.refused = refused_;
}

void Expectations::begins(int number, Time now) {
  begin_sample(slots_[number], now);
  slots_[number].order = ++order_;
}

void Expectations::happened(int number, const Happening& happening) {
  Slot& slot = slots_[number];
  begin_sample(slot, happening.began);
  if (number >= 0 && happening.op != 'q' && !std::exchange(slot.has_begun, true) &&
      !may_begin(slot.began))
    say("a sample was begun after the run was to stop");
  slot.happenings.push_back(happening);
  slot.happenings.back().order = slot.order;
  if (happening.op != '-') busy_ += happening.ended - happening.began;
  if (happening.is_answered)
    learn(happening.environment, happening.op,
          std::chrono::ceil<Milliseconds>(happening.ended - happening.began));
  if (happening.outcome == "content") stops("content", happening.ended);
}

void Expectations::flushed(Time now, bool is_well) {
  if (!is_well) return stops("disk", now);
  flushed_ = now;
  unflushed_ = 0;
}

void Expectations::line(int number, const json& line, Time now, bool gets_there) {
  const std::string type = line.at("type");
  if (type == "sample") check_sample(slots_[number], line, now);
  if (!gets_there) {
    slots_[number] = {};
    return;
  }
  ++lines_;
  ++unflushed_;
  last_type_ = type;
  if (type == "worker") {
    recorded_model_ = model;
    if (!workers_.emplace(line.at("worker"), line.at("environment")).second)
      say("two workers have one name");
  }
  if (type == "stop") last_reason_ = line.at("reason");
  if (type != "sample") return;
  const std::string sample = line.at("sample");
  if (!made_.insert(sample).second) say("sample ", sample, " has two records of one start");
  if (!to_make_.contains(sample)) say("sample ", sample, " was not to be made");
  count(case_of(sample).at("environment"), line, now);
  slots_[number] = {.recorded = now};
}

void Expectations::check_sample(Slot& slot, const json& record, Time now) {
  const std::string sample = record.at("sample"), outcome = record.at("outcome"),
                    expected = expected_outcome(slot, record);
  if (outcome != expected)
    say("sample ", sample, " is ", outcome, ", and ", expected,
        " is right: ", record.value("error", ""));
  if (outcome == "no_noise") check_noise(slot);
  check_times(slot, record, now);
  if (outcome == "ok") {
    check_files(record);
    check_worker(record);
  }
  if (!is_well(outcome) && record.value("error", "").empty())
    say("sample ", sample, " failed, and its record does not say why");
}

std::string Expectations::expected_outcome(const Slot& slot, const json& record) {
  const json& planned = case_of(record.at("sample"));
  const std::string environment = planned.at("environment");
  const bool refused_at_load = record.value("refused_at", "") == "load";
  const Happening* last = nullptr;
  for (const Happening& one : slot.happenings)
    if (one.op != '-' && one.op != 'q') {
      last = &one;
      if (one.op != 'n' && one.op != 's' && one.environment != environment)
        say("sample ", record.at("sample").get<std::string>(), " was asked of environment ",
            one.environment);
    }
  if (!last) {
    const bool is_out = strikes_.contains(environment) && strikes_.at(environment) >= 3;
    if (is_out) return "given_up";
    if (!refused_.contains(environment)) return "asked of its worker";
    if (!refused_at_load) say("a refusal to load is not named so");
    return "unsupported";
  }
  if (slot.strikes.contains(environment) && slot.strikes.at(environment) >= Strikes::kMost)
    say("environment ", environment, " was to be given up");
  if (slot.refused.contains(environment))
    say("environment ", environment, " had refused to load, and was asked again");
  if (refused_at_load != (last->op == 'l' && last->outcome == "unsupported"))
    say("whether it was refused at load is wrong");
  if (last->op == 'n' || last->environment == "noise")
    return last->outcome == "ok" ? "asked of its worker" : kNoNoise;
  if (last->outcome != "ok") return last->outcome;
  return last->op == 'g' && last->sample == record.at("sample") ? "ok" : "asked of its worker";
}

void Expectations::check_noise(const Slot& slot) {
  if (!has_no_noise(slot)) say("the process that draws noise had no second try");
}

void Expectations::check_times(const Slot& slot, const json& record, Time now) {
  const std::string sample = record.at("sample");
  const double wall = record.at("wall_ms"),
               passed = slot.happenings.empty() ? 0 : ms(now - slot.began);
  if (std::abs(wall - passed) > 1e-3)
    say("sample ", sample, " took ", std::to_string(passed), " ms and says ", std::to_string(wall));
  Time::duration busy{};
  for (const Happening& one : slot.happenings) {
    busy += one.ended - one.began;
    if (one.op != '-') continue;
    // The one lock that is held while something is waited for is that of the noise.
    const json& planned = case_of(sample);
    const json& request = planned.at("request");
    const std::string file =
        fmt::format("{}-{}x{}-{}.safetensors", planned.at("noise_precision").get<std::string>(),
                    request.value("batch", 1), request.at("size").get<std::string>(),
                    request.at("seed").get<std::uint64_t>());
    if (const auto there = noise_.find(file); there != noise_.end() && there->second < one.order)
      say("sample ", sample, " waited for a lock though its noise was there");
  }
  if (std::abs(ms(busy) - passed) > 1e-3)
    say("sample ", sample, " waited for nothing during ", std::to_string(passed - ms(busy)), " ms");
  if (record.at("outcome") != "ok" || slot.happenings.empty()) return;
  const Happening& last = slot.happenings.back();
  if (record.at("timings_ms").at("total") != last.total_ms)
    say("sample ", sample, " has another time than its worker said");
  const double least = ms(last.ended - last.began);
  if (record.at("timings_ms").at("total") > 1.01 * least + 5)
    say("sample ", sample, " has a time longer than it took");
  if (record.at("kind") == "timing" && record.contains("invalid") != last.shared)
    say("sample ", sample, ": whether its time is valid is wrong");
}

void Expectations::check_worker(const json& record) {
  const std::string sample = record.at("sample");
  const auto worker = workers_.find(record.at("worker"));
  if (worker == workers_.end() || worker->second != case_of(sample).at("environment"))
    say("sample ", sample, " names a worker that has no record, or is another environment's");
}

void Expectations::check_files(const json& record) {
  const std::string sample = record.at("sample");
  std::set<std::string> kinds, named;
  if (record.at("kind") == "quality") kinds = {"image", "latents"};
  if (!kinds.empty() && plan_.value("trace", false)) kinds.insert("trace");
  for (const auto& [kind, hash] : record.at("files").items()) named.insert(kind);
  if (kinds != named) say("sample ", sample, " names other files than it has");
  if (!files_are_there(run_, record)) say("sample ", sample, " has a record before its files");
}

void Expectations::count(const std::string& environment, const json& record, Time now) {
  const std::string outcome = record.at("outcome");
  failed_ += !is_well(outcome);
  if (outcome == "ok") blameless_ = 0;
  if (outcome == kNoNoise && ++blameless_ >= 3) stops("noise", now);
  if (outcome == "unsupported" && record.value("refused_at", "") == "load")
    refused_.insert(environment);
  if (!is_well(outcome) && outcome != kNoNoise) ++strikes_[environment];
}

// What this start appended: whole lines, as many as were written.
void Expectations::check_log() {
  std::ifstream in(run_ / "records.jsonl");
  in.seekg(static_cast<std::streamoff>(offset_));
  std::size_t lines = 0;
  for (std::string line; std::getline(in, line); ++lines)
    if (line.empty())  // what ends a damaged log's half line
      --lines;
    else if (in.eof() || json::parse(line, nullptr, false).is_discarded())
      say("the log ends in half a line");
  if (lines != lines_)
    say("the log has ", std::to_string(lines), " new lines, and ", std::to_string(lines_),
        " were written");
}

void Expectations::check_all_made(const std::string& stopped) {
  if (!stopped.empty() || reasons_.contains("signal")) return;
  for (const std::string& sample : to_make_)
    if (!made_.contains(sample)) say("sample ", sample, " was forgotten");
}

void Expectations::start_ends(Time now, const GenerateResult& result) {
  const bool full = reasons_.contains("disk"), content = reasons_.contains("content"),
             signal = reasons_.contains("signal"), is_stopped = !result.stopped.empty();
  const bool no_first_noise = has_no_noise(slots_[-1]);
  if (is_stopped != (full || content || reasons_.contains("noise") || no_first_noise))
    say(is_stopped ? "it stopped for no reason: " : "it did not stop", result.stopped);
  if (result.content_changed && !content) say("no content was changed");
  if (content && reasons_.size() == 1 && !result.content_changed)
    say("content was changed, and it does not say so");
  if (full && reasons_.size() == 1 && result.stopped.find("disk is full") == std::string::npos &&
      result.stopped.find("cannot be flushed") == std::string::npos)
    say("it does not say that the disk is full: ", result.stopped);
  check_all_made(result.stopped);
  if (!full && !no_first_noise && result.failed != failed_)
    say(std::to_string(result.failed), " samples are said to have failed, ",
        std::to_string(failed_), " did");
  if (!no_first_noise && result.interrupted != signal) say("whether it was interrupted is wrong");
  if (is_stopped == (last_type_ == "stop")) say("its last line is no stop, or one too many");
  if (last_type_ == "stop" && last_reason_ != (signal ? "interrupted" : "finished"))
    say("its last line has another reason: ", last_reason_);
  if (!no_first_noise && unflushed_ > 0 && !full) say("its end is not on the disk");
  if (now - began_ > busy_) say("time passed in which nobody did anything");
  check_log();
}

void Expectations::start_throws(Time, const std::string& what) {
  if (!reasons_.contains("disk")) say("it threw: ", what);
  check_log();
}

}  // namespace sameseed::simulation
