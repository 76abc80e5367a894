#include "bench/sweep/sample_maker.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "bench/sweep/sample_files.h"
#include "bench/worker/answer.h"
#include "io/error.h"
#include "io/input_file.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kLogTail = 12;          // lines
constexpr std::size_t kLongestLogLine = 500;  // bytes
constexpr std::size_t kLogEnd = 64 << 10;     // bytes that are looked at

// The end of a file; empty where it cannot be read, for it is a word on a failure and no more.
std::string end_of(const std::filesystem::path& file) try {
  const InputFile in(file);
  std::string text(std::min(in.size(), kLogEnd), '\0');
  const ssize_t size = ::pread(in.descriptor(), text.data(), text.size(),
                               static_cast<off_t>(in.size() - text.size()));
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
} catch (const UserError&) {
  return "";
}

}  // namespace

std::vector<std::string> last_lines(const std::filesystem::path& log) {
  std::vector<std::string> lines;
  std::istringstream in(end_of(log));
  for (std::string line; std::getline(in, line);) {
    if (lines.size() == kLogTail) lines.erase(lines.begin());
    lines.push_back(
        line.size() <= kLongestLogLine ? line : line.substr(0, kLongestLogLine) + " ... (cut)");
  }
  return lines;
}

std::string noise_for(NoiseFiles& noise, const json& planned_case, const json& load) {
  try {
    return noise.file_for(planned_case, load);
  } catch (const WorkerFailure& failure) {
    if (failure.alive()) throw;  // it would say the same again
  }
  return noise.file_for(planned_case, load);
}

SampleMaker::SampleMaker(std::filesystem::path run, const PlanIndex& index, bool traced,
                         NoiseFiles& noise)
    : run_(std::move(run)), index_(index), traced_(traced), noise_(noise) {}

json SampleMaker::request_for(const json& sample, const std::string& noise) const {
  const json& planned_case = index_.case_of(sample);
  json request = planned_case.at("request");
  request["op"] = "generate";
  request["id"] = sample.at("id");
  request["noise"] = noise;
  const bool writes_files = sample.at("kind") == "quality";
  const auto file = [&](const char* kind) {
    return writes_files ? sample_file(run_, kind, sample.at("id")).string() : std::string();
  };
  request["image"] = file("image");
  request["latents"] = file("latents");
  if (traced_) request["trace"] = file("trace");
  return request;
}

json SampleMaker::make(const json& sample, Dispatcher& dispatcher) const {
  const json& planned_case = index_.case_of(sample);
  const std::string environment = planned_case.at("environment");
  std::string noise;
  try {
    noise = noise_for(noise_, planned_case, index_.environment_of(planned_case).at("load"));
  } catch (const WorkerFailure& failure) {
    return {{"outcome", kNoNoise},
            {"error", std::string("the process that draws noise: ") + failure.what()},
            {"log_tail", last_lines(noise_.log())}};
  }
  json fields = json::object();
  std::error_code none;  // of what is not there
  try {
    const json request = request_for(sample, noise);
    for (const char* file : {"image", "latents", "trace"})  // an earlier attempt's prove nothing
      std::filesystem::remove(request.value(file, ""), none);
    const json answer = dispatcher.generate(environment, request);
    fields = record_fields(answer, dispatcher.wall_ms());
    fields["files"] = check_files(request, fields.at("hashes").contains("latents"));
    fields["outcome"] = "ok";
    if (!dispatcher.warm_ups_ms().empty()) fields["warm_ups_ms"] = dispatcher.warm_ups_ms();
    if (!dispatcher.device().is_null()) fields["device"] = dispatcher.device();
    // On a CPU somebody else is nearly always at work: what counts is whether it touched a timing.
    const bool is_timed = sample.at("kind") == "timing" || !dispatcher.device().is_null();
    if (is_timed && !dispatcher.cpu().is_null()) fields["cpu"] = dispatcher.cpu();
    if (is_timed)
      for (const std::string& reason : dispatcher.invalid()) fields["invalid"].push_back(reason);
  } catch (const WorkerFailure& failure) {
    if (dynamic_cast<const LoadRefused*>(&failure)) fields["refused_at"] = "load";
    if (!failure.alive()) dispatcher.drop(environment);
    fields["outcome"] = failure.kind;
    fields["error"] = failure.what();
    if (!dispatcher.last_worker().empty())
      fields["log_tail"] = last_lines(dispatcher.log_of(dispatcher.last_worker()));
  }
  fields["worker"] = dispatcher.last_worker();
  return fields;
}

}  // namespace sameseed
