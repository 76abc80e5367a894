#include "reports/run/run_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <set>

#include "io/error.h"
#include "io/files.h"
#include "io/whole_file.h"
#include "reports/run/line_types.h"

namespace sameseed {
namespace {

using nlohmann::json;

bool has_texts(const json& record, std::initializer_list<const char*> names) {
  return std::all_of(names.begin(), names.end(), [&](const char* name) {
    const auto found = record.find(name);
    return found != record.end() && found->is_string();
  });
}

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// An empty object where there is none. Lives as long as `object`.
const json& object_in(const json& object, const char* name) {
  static const json none = json::object();
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : none;
}

std::vector<std::string> texts_in(const json& object, const char* name) {
  std::vector<std::string> texts;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return texts;
  for (const json& entry : *found)
    if (entry.is_string()) texts.push_back(entry);
  return texts;
}

std::optional<double> number_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<double> mean_step(const json& timings, bool full) {
  const auto steps = timings.find("steps"), fulls = timings.find("full");
  if (steps == timings.end() || fulls == timings.end() || !steps->is_array() || !fulls->is_array())
    return std::nullopt;
  double sum = 0;
  int count = 0;
  for (std::size_t i = 0; i < std::min(steps->size(), fulls->size()); ++i)
    if ((*fulls)[i] == full && (*steps)[i].is_number()) {
      sum += (*steps)[i].get<double>();
      ++count;
    }
  if (count == 0) return std::nullopt;
  return sum / count;
}

Timings times_in(const json& record) {
  const json& timings = object_in(record, "timings_ms");
  Timings times;
  const auto take = [&](const char* name, std::optional<double> value) {
    if (value) times.set(name, *value);
  };
  take("total_ms", number_in(timings, "total"));
  take("step_full_ms", mean_step(timings, true));
  take("step_partial_ms", mean_step(timings, false));
  take("text_ms", number_in(timings, "text"));
  take("decode_ms", number_in(timings, "decode"));
  return times;
}

// The reading just after the work tells the clock of the work; before it the device may have idled.
std::optional<double> sm_mhz(const json& record) {
  const json& device = object_in(record, "device");
  for (const char* when : {"after", "before"})
    if (const auto clock = number_in(object_in(device, when), "sm_mhz")) return clock;
  return std::nullopt;
}

SampleRecord sample_record(const json& line) {
  const json& files = object_in(line, "files");
  SampleRecord record{.sample = line.at("sample"),
                      .case_id = line.at("case"),
                      .kind = line.at("kind"),
                      .outcome = line.at("outcome"),
                      .comparison = text_in(line, "comparison"),
                      .arm = text_in(line, "arm"),
                      .error = text_in(line, "error"),
                      .log_tail = texts_in(line, "log_tail"),
                      .start = text_in(line, "start"),
                      .ms = times_in(line),
                      .warnings = texts_in(line, "warnings"),
                      .invalid = texts_in(line, "invalid"),
                      .has_latents_file = files.contains("latents"),
                      .has_trace_file = files.contains("trace"),
                      .nonfinite = line.value("nonfinite", json()),
                      .sm_mhz = sm_mhz(line)};
  record.block = line.value("block", 0);
  record.position = line.value("position", 0);
  if (record.kind != "quality") return record;
  const json& hashes = object_in(line, "hashes");
  record.latents = text_in(hashes, "latents");
  record.noise = text_in(hashes, "noise");
  record.token_ids = text_in(hashes, "token_ids");
  record.picture = text_in(files, "image");
  return record;
}

ReportMetric metric_of(const json& entry) {
  ReportMetric metric{.name = entry.at("name"),
                      .unit = entry.at("unit"),
                      .better = direction_of(entry.at("better")),
                      .definition = text_in(entry, "definition"),
                      .library = text_in(entry, "library"),
                      .unavailable = text_in(entry, "unavailable")};
  metric.identical = number_in(entry, "identical").value_or(0);
  if (text_in(entry, "identical_nonfinite") == "+inf")
    metric.identical = std::numeric_limits<double>::infinity();
  return metric;
}

std::vector<std::optional<double>> numbers_of(const json& list) {
  std::vector<std::optional<double>> numbers;
  for (const json& value : list)
    numbers.push_back(value.is_number() ? std::optional(value.get<double>()) : std::nullopt);
  return numbers;
}

PairTrace trace_of(const json& entry) {
  PairTrace trace{.refused = text_in(entry, "refused")};
  if (!entry.contains("latents")) {
    if (trace.refused.empty()) trace.refused = "no trace";
    return trace;
  }
  trace.blocks = entry.at("blocks").get<std::vector<std::string>>();
  trace.latents = numbers_of(entry.at("latents"));
  for (const json& row : entry.at("block_norms")) trace.block_norms.push_back(numbers_of(row));
  if (const auto from = entry.find("nonfinite_from"); from != entry.end() && from->is_number())
    trace.nonfinite_from = from->get<std::size_t>();
  return trace;
}

// For each prompt the least of those with the same token ids. A hash is of a prompt and what goes
// with it (the negative prompt): equal hashes are equal prompts, different ones say nothing.
std::map<std::string, std::string> least_of_equal_prompts(const RunFiles& files) {
  std::map<std::string, std::string> prompt_of_case, least;
  for (const PlannedCase& one : files.plan.cases)
    prompt_of_case[one.id] = text_in(one.request, "prompt");
  std::map<std::string, std::set<std::string>> prompts_of_hash;
  for (const auto& [id, record] : files.samples) {
    const auto found = prompt_of_case.find(record.case_id);
    if (record.ok() && !record.token_ids.empty() && found != prompt_of_case.end())
      prompts_of_hash[record.token_ids].insert(found->second);
  }
  std::erase_if(prompts_of_hash, [](const auto& one) { return one.second.size() < 2; });
  for (const auto& [id, prompt] : prompt_of_case) least[prompt] = prompt;
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [hash, prompts] : prompts_of_hash) {
      std::string first = *prompts.begin();
      for (const std::string& prompt : prompts) first = std::min(first, least[prompt]);
      for (const std::string& prompt : prompts) {
        changed = changed || least[prompt] != first;
        least[prompt] = first;
      }
    }
  }
  return least;
}

void note_equal_prompts(std::vector<Pair>& pairs, const std::map<std::string, std::string>& least) {
  for (Pair& pair : pairs)
    if (const auto found = least.find(pair.prompt);
        found != least.end() && found->second != pair.prompt)
      pair.same_as = found->second;
}

// The file of a sample that is not there whole; empty where all are. An engine need not have made
// latents or a trace.
std::string lost_file(const std::string& run, const SampleRecord& record) {
  if (!record.ok()) return "";
  std::string file;
  const auto is_whole = [&](const char* folder, const char* ending, auto look) {
    file = run + folder + record.sample + ending;
    return look(file);
  };
  const bool whole =
      (record.picture.empty() || is_whole("/images/", ".png", is_whole_png)) &&
      (!record.has_latents_file || is_whole("/latents/", ".safetensors", is_whole_safetensors)) &&
      (!record.has_trace_file || is_whole("/traces/", ".safetensors", is_whole_safetensors));
  return whole ? "" : file;
}

PicturePlace place_of(const json& entry) {
  return {.x = entry.at("x"),
          .y = entry.at("y"),
          .width = entry.at("width"),
          .height = entry.at("height")};
}

}  // namespace

std::optional<double> number_in(const std::map<std::string, double>& values,
                                const std::string& metric) {
  const auto found = values.find(metric);
  if (found == values.end() || std::isnan(found->second)) return std::nullopt;
  return found->second;
}

std::optional<double> PairScores::value(const std::string& metric) const {
  return number_in(values, metric);
}

PictureHashes picture_hashes(const RunFiles& files) {
  PictureHashes pictures;
  for (const auto& [id, record] : files.samples)
    if (record.kind == "quality" && record.ok() && !record.picture.empty())
      pictures[record.case_id] = record.picture;
  return pictures;
}

PairScores parse_pair_scores(const json& line) {
  const json& pictures = object_in(line, "pictures");
  PairScores scores{.candidate = text_in(line, "candidate"),
                    .reference = text_in(line, "reference"),
                    .candidate_picture = text_in(pictures, "candidate"),
                    .reference_picture = text_in(pictures, "reference"),
                    .metrics = text_in(line, "metrics")};
  if (const auto refused = line.find("refused"); refused != line.end())
    scores.refused = refused->is_string() ? refused->get<std::string>() : refused->dump();
  const json &values = object_in(line, "values"), &nonfinite = object_in(line, "nonfinite"),
             &absent = object_in(line, "absent"), &places = object_in(line, "places"),
             &broken = object_in(line, "broken");
  for (const auto& [metric, value] : values.items())
    scores.values[metric] = value.is_number()
                                ? value.get<double>()
                                : nonfinite_number(text_in(nonfinite, metric.c_str()));
  for (const auto& [metric, why] : absent.items())
    if (why.is_string()) scores.absent[metric] = why;
  for (const auto& [metric, place] : places.items()) scores.places[metric] = place_of(place);
  for (const auto& [side, ways] : broken.items())
    scores.broken[side] = texts_in(broken, side.c_str());
  const json& reference = object_in(line, "of_reference");
  const auto take = [&](const char* name, double& value) {
    if (const auto found = reference.find(name); found != reference.end() && found->is_number())
      value = found->get<double>();
  };
  take("contrast", scores.of_reference.contrast);
  take("latents_deviation", scores.of_reference.latents_deviation);
  if (const auto trace = line.find("trace"); trace != line.end()) scores.trace = trace_of(*trace);
  return scores;
}

RunFilesReader::RunFilesReader(std::string folder, RunPlan plan) {
  files_.folder = std::move(folder);
  files_.plan = std::move(plan);
}

std::shared_ptr<const json> RunFilesReader::shared(const json& object) {
  auto& known = shared_[object.dump()];
  if (!known) known = std::make_shared<const json>(object);
  return known;
}

void RunFilesReader::take_record(const json& line) {
  if (!has_texts(line, {"type"})) return;
  const std::string type = line.at("type");
  if (type == "run")
    files_.starts.push_back(line);
  else if (type == "worker" && has_texts(line, {"environment"}))
    files_.workers.push_back({.environment = line.at("environment"),
                              .load = line.value("load", json()),
                              .record = line});
  else if (type == "sample" && has_texts(line, {"sample", "case", "kind", "outcome"})) {
    SampleRecord record = sample_record(line);
    record.effective = shared(object_in(line, "effective"));
    record.engagement = shared(object_in(line, "engagement"));
    files_.samples.insert_or_assign(record.sample, std::move(record));
  }
}

void RunFilesReader::take_score(const json& line) {
  if (!has_texts(line, {"type"})) return;
  const std::string type = line.at("type");
  if (type == "scorer" && line.value("metrics", json()).is_array()) {
    if (line.at("metrics") != metrics_) {  // lines that name none are of the metrics before them
      std::erase_if(files_.scores, [](const auto& one) { return one.second.metrics.empty(); });
      metrics_ = line.at("metrics");
    }
    metrics_hash_ = text_in(line, "hash");
    files_.metrics.emplace();
    for (const json& entry : line.at("metrics")) files_.metrics->push_back(metric_of(entry));
  } else if (type == "pair" && has_texts(line, {"candidate_case", "reference_case"})) {
    files_.scores.insert_or_assign({line.at("candidate_case").get<std::string>(),
                                    line.at("reference_case").get<std::string>()},
                                   parse_pair_scores(line));
  }
}

std::string RunFilesReader::leave_out_lost() {
  std::string first;
  const std::size_t lost = std::erase_if(files_.samples, [&](const auto& one) {
    const std::string file = lost_file(files_.folder, one.second);
    if (first.empty()) first = file;
    return !file.empty();
  });
  if (lost == 0) return "";
  return fmt::format(
      "{} as not made, for a picture, latents or a trace that is gone or cut short, the first is "
      "{}; `sameseed run` makes them again",
      lost == 1 ? "1 sample counts" : fmt::format("{} samples count", lost), first);
}

RunFiles RunFilesReader::finish() {
  std::erase_if(files_.scores, [this](const auto& one) {
    return !one.second.metrics.empty() && one.second.metrics != metrics_hash_;
  });
  const auto is_other = [this](const std::string& sample, const std::string& scored) {
    const auto found = files_.samples.find(sample);
    return !scored.empty() && found != files_.samples.end() && !found->second.picture.empty() &&
           found->second.picture != scored;
  };
  for (auto& [pair, scores] : files_.scores)
    if (is_other(scores.candidate, scores.candidate_picture) ||
        is_other(scores.reference, scores.reference_picture))
      scores = {
          .candidate = scores.candidate,
          .reference = scores.reference,
          .refused = "a picture was made again after it was scored; run `sameseed score` again"};
  const auto least = least_of_equal_prompts(files_);
  const PictureHashes pictures = picture_hashes(files_);
  const auto note = [&](std::vector<Pair>& pairs) {
    note_equal_prompts(pairs, least);
    note_equal_pictures(pairs, pictures);
  };
  for (PlannedComparison& one : files_.plan.comparisons) note(one.pairs);
  if (files_.plan.floor)
    for (PlannedFloorRow& one : *files_.plan.floor) note(one.pairs);
  return std::move(files_);
}

RunFiles read_run(const std::filesystem::path& folder) {
  RunFilesReader reader(folder.string(), read_run_plan(folder / "plan.json"));
  const auto records = folder / "records.jsonl", scores = folder / "scores.jsonl";
  std::vector<std::string> passed_over = {
      for_each_record(records, [&](const json& line) { reader.take_record(line); }).text(records),
      for_each_score(scores, [&](const json& line) { reader.take_score(line); }).text(scores)};
  passed_over.push_back(reader.leave_out_lost());
  std::erase(passed_over, "");
  RunFiles files = reader.finish();
  files.passed_over = std::move(passed_over);
  return files;
}

std::vector<std::string> start_times(const RunFiles& files) {
  std::vector<std::string> times;
  for (const json& start : files.starts) times.push_back(start.value("started", ""));
  return times;
}

}  // namespace sameseed
