#include "bench/sweep/sample_maker.h"

#include <fstream>
#include <utility>

#include "bench/sweep/sample_files.h"
#include "bench/worker/answer.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kLogTail = 12;  // lines

std::vector<std::string> last_lines(const std::filesystem::path& log) {
  std::vector<std::string> lines;
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) {
    if (lines.size() == kLogTail) lines.erase(lines.begin());
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

SampleMaker::SampleMaker(std::filesystem::path run, const PlanIndex& index, bool traced,
                         NoiseFiles& noise)
    : run_(std::move(run)), index_(index), traced_(traced), noise_(noise) {}

json SampleMaker::request_for(const json& sample) const {
  const json& planned_case = index_.case_of(sample);
  json request = planned_case.at("request");
  request["op"] = "generate";
  request["id"] = sample.at("id");
  request["noise"] = noise_.file_for(planned_case, index_.environment_of(planned_case).at("load"));
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
  const std::string environment = index_.case_of(sample).at("environment");
  json fields = json::object();
  try {
    const json request = request_for(sample);
    fields = record_fields(dispatcher.generate(environment, request));
    fields["files"] = check_files(request, fields.at("hashes").contains("latents"));
    fields["outcome"] = "ok";
    if (!dispatcher.device().is_null()) fields["device"] = dispatcher.device();
    for (const std::string& reason : dispatcher.invalid()) fields["invalid"].push_back(reason);
  } catch (const WorkerFailure& failure) {
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
