#include "reports/run/line_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/statistics/report_metric.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr double kLargestCount = 1e9, kInfinity = std::numeric_limits<double>::infinity();

struct Kind {
  const char* words;  // behind "is no" or "are no"
  bool (*fits)(const json& value);
};

bool all_of(const json& value, bool (*fits)(const json&)) {
  return std::all_of(value.begin(), value.end(), fits);
}
bool is_text(const json& value) { return value.is_string(); }
bool is_number(const json& value) {
  return value.is_number() && std::isfinite(value.get<double>());
}
bool is_time(const json& value) { return is_number(value) && value.get<double>() >= 0; }
bool is_count(const json& value) {
  return value.is_number_integer() && value.get<double>() >= 0 &&
         value.get<double>() <= kLargestCount;
}
bool is_number_or_null(const json& value) { return value.is_null() || is_number(value); }
bool is_row(const json& value) { return value.is_array() && all_of(value, is_number_or_null); }
bool is_texts(const json& value) { return value.is_array() && all_of(value, is_text); }

// An id becomes a file's name.
bool is_id(const json& value) {
  return is_text(value) && !value.get_ref<const std::string&>().empty() &&
         value.get_ref<const std::string&>().size() <= 200 &&
         value.get_ref<const std::string&>().find_first_of(std::string_view("/\0", 2)) ==
             std::string::npos &&
         value.get_ref<const std::string&>().front() != '.';
}

bool is_place(const json& value) {
  if (!value.is_object()) return false;
  for (const char* name : {"x", "y", "width", "height"})
    if (!is_count(value.value(name, json()))) return false;
  return true;
}

bool is_nonfinite(const json& value) {
  if (!value.is_object()) return false;
  const json step = value.value("step", json()), layers = value.value("layers", json());
  return is_count(value.value("latents", json())) && is_count(value.value("image", json())) &&
         (step.is_null() || is_count(step)) && layers.is_array() &&
         all_of(layers, [](const json& layer) {
           return layer.is_object() && is_text(layer.value("layer", json())) &&
                  is_count(layer.value("count", json()));
         });
}

bool is_metric(const json& value) {
  if (!value.is_object()) return false;
  const json better = value.value("better", json());
  return is_text(value.value("name", json())) && is_text(value.value("unit", json())) &&
         (better == "higher" || better == "lower" || better == "nearer");
}

bool is_trace(const json& value) {
  if (!value.is_object()) return false;
  if (!value.contains("latents")) return true;
  const json from = value.value("nonfinite_from", json());  // a step
  return (from.is_null() || is_count(from)) && is_texts(value.value("blocks", json())) &&
         is_row(value.at("latents")) && value.value("block_norms", json()).is_array() &&
         all_of(value.at("block_norms"), is_row);
}

constexpr Kind kText = {"text", is_text}, kId = {"id", is_id}, kCount = {"count", is_count},
               kTime = {"time in milliseconds from 0 up", is_time},
               kTexts = {"list of texts", is_texts},
               kObject = {"object", [](const json&value) { return value.is_object(); }},
               kTextOrNull = {"text or null",
                              [](const json&value) { return value.is_null() || is_text(value); }},
               kObjectOfTexts = {"object of texts",
                                 [](const json&value) {
                                   return value.is_object() && all_of(value, is_text);
                                 }},
               kFiles = {"object of texts",
                         [](const json&value) {
                           return value.is_object() && all_of(value, [](const json& one) {
                                    return one.is_null() || is_text(one);
                                  });
                         }},
               kTimes = {"list of times from 0 up",
                         [](const json&value) {
                           return value.is_array() && all_of(value, is_time);
                         }},
               kFlags = {"list of true and false", [](const json&value) {
                           return value.is_array() &&
                                  all_of(value, [](const json& one) { return one.is_boolean(); });
                         }};

struct Field {
  const char* name;
  Kind kind;
  bool required = false;
};
using Fields = std::vector<Field>;

std::string problem_in(const json& object, const Fields& fields, const std::string& within = "") {
  for (const Field& field : fields) {
    const auto found = object.find(field.name);
    if (found == object.end()) {
      if (field.required) return fmt::format("has no `{}{}`", within, field.name);
    } else if (!field.kind.fits(*found)) {
      return fmt::format("`{}{}` is no {}", within, field.name, field.kind.words);
    }
  }
  return "";
}

// The fields of `object`[name], where that is there.
std::string problem_within(const json& object, const char* name, const Fields& fields) {
  const auto found = object.find(name);
  return found == object.end() || !found->is_object()
             ? ""
             : problem_in(*found, fields, std::string(name) + ".");
}

const Fields kOfAnswer = {
    {"timings_ms", kObject},
    {"hashes", kObjectOfTexts},
    {"effective", kObject},
    {"engagement", kObject},
    {"warnings", kTexts},
    {"invalid", kTexts},
    {"nonfinite",
     {"count of latents and of values of the image, with the step and the layers", is_nonfinite}}};
const Fields kOfTimings = {{"total", kTime},  {"text", kTime},   {"decode", kTime},
                           {"steps", kTimes}, {"full", kFlags},  {"copy", kTime},
                           {"png", kTime},    {"enhance", kTime}};
const Fields kOfRun = {{"schema", kText},   {"start", kText},    {"started", kText},
                       {"command", kTexts}, {"version", kText},  {"host", kObject},
                       {"slots", kTexts},   {"cohort", kObject}, {"shard", kText}};
const Fields kOfWorker = {
    {"worker", kText}, {"environment", kText, true}, {"started", kText}, {"content", kObject}};
const Fields kOfContent = {{"files", kObjectOfTexts, true}, {"program", kObjectOfTexts, true}};
const Fields kOfSample = {{"sample", kId, true},
                          {"case", kText, true},
                          {"kind", kText, true},
                          {"outcome", kText, true},
                          {"comparison", kTextOrNull},
                          {"arm", kTextOrNull},
                          {"block", kCount},
                          {"position", kCount},
                          {"start", kText},
                          {"slot", kText},
                          {"worker", kText},
                          {"wall_ms", kTime},
                          {"warm_ups_ms", kTimes},
                          {"error", kText},
                          {"refused_at", kText},
                          {"log_tail", kTexts},
                          {"files", kFiles},
                          {"device", kObject},
                          {"cpu", kObject}};
const Fields kOfPair = {
    {"candidate", kId},
    {"reference", kId},
    {"candidate_case", kText, true},
    {"reference_case", kText, true},
    {"pictures", kFiles},
    {"key", kText},
    {"metrics", kText},
    {"map", kTextOrNull},
    {"refused", kText},
    {"values",
     {"object of numbers",
      [](const json& value) { return value.is_object() && all_of(value, is_number_or_null); }}},
    {"of_reference",
     {"object of numbers",
      [](const json& value) { return value.is_object() && all_of(value, is_number_or_null); }}},
    {"nonfinite", kObjectOfTexts},
    {"absent", kObjectOfTexts},
    {"places",
     {"object of places",
      [](const json& value) { return value.is_object() && all_of(value, is_place); }}},
    {"broken",
     {"object of lists of texts",
      [](const json& value) { return value.is_object() && all_of(value, is_texts); }}},
    {"trace", {"trace", is_trace}}};
const Fields kOfScorer = {{"hash", kText}, {"metrics", {"list of metrics", [](const json& value) {
                                                          return value.is_array() &&
                                                                 all_of(value, is_metric);
                                                        }}}};

std::string first_of(std::initializer_list<std::string> problems) {
  for (const std::string& problem : problems)
    if (!problem.empty()) return problem;
  return "";
}

// The lines that have no problem.
PassedOver for_each_sound_line(const std::filesystem::path& path,
                               std::string (*problem_of)(const json&),
                               const std::function<void(json line)>& take) {
  return for_each_json_line(path, [&](json line) {
    std::string problem = problem_of(line);
    if (problem.empty()) take(std::move(line));
    return problem;
  });
}

std::string type_of(const json& line) {
  const auto type = line.find("type");
  return type != line.end() && type->is_string() ? type->get<std::string>() : "";
}

// What each metric's values can be. Single precision may pass a bound by its rounding.
std::map<std::string, Interval> ranges_of(const json& scorer) {
  constexpr double kRounding = 1e-5;
  std::map<std::string, Interval> ranges;
  for (const json& entry : scorer.value("metrics", json::array())) {
    const json identical = entry.value("identical", json());
    const ReportMetric metric{
        .name = entry.at("name"),
        .unit = entry.at("unit"),
        .better = direction_of(entry.at("better")),
        .identical = identical.is_number() ? identical.get<double>() : kInfinity};
    const Interval range = metric.range();
    ranges[metric.name] = {range.low - kRounding, range.high + kRounding};
  }
  return ranges;
}

std::string problem_of_values(const json& pair, const std::map<std::string, Interval>& ranges) {
  const auto values = pair.find("values"), nonfinite = pair.find("nonfinite");
  if (values == pair.end()) return "";
  for (const auto& [metric, value] : values->items()) {
    const auto range = ranges.find(metric);
    if (range == ranges.end()) continue;
    const double number = value.is_number() ? value.get<double>()
                          : nonfinite == pair.end()
                              ? nonfinite_number("")
                              : nonfinite_number(nonfinite->value(metric, ""));
    if (number < range->second.low || number > range->second.high)
      return fmt::format("`values.{}` cannot be {:.6g}", metric, number);
  }
  return "";
}

}  // namespace

double nonfinite_number(const std::string& word) {
  return word == "+inf"   ? kInfinity
         : word == "-inf" ? -kInfinity
                          : std::numeric_limits<double>::quiet_NaN();
}

std::string problem_of_answer(const json& answer) {
  return first_of(
      {problem_in(answer, kOfAnswer), problem_within(answer, "timings_ms", kOfTimings)});
}

std::string problem_of_record(const json& line) {
  const std::string type = type_of(line);
  if (type.empty()) return "has no `type`";
  if (type == "run") return problem_in(line, kOfRun);
  if (type == "worker")
    return first_of({problem_in(line, kOfWorker), problem_within(line, "content", kOfContent)});
  if (type == "sample") return first_of({problem_in(line, kOfSample), problem_of_answer(line)});
  return "";
}

std::string problem_of_score(const json& line) {
  const std::string type = type_of(line);
  if (type.empty()) return "has no `type`";
  if (type == "pair") return problem_in(line, kOfPair);
  if (type == "scorer") return problem_in(line, kOfScorer);
  return "";
}

PassedOver for_each_record(const std::filesystem::path& path,
                           const std::function<void(json record)>& take) {
  return for_each_sound_line(path, problem_of_record, take);
}

PassedOver for_each_score(const std::filesystem::path& path,
                          const std::function<void(json line)>& take) {
  std::map<std::string, Interval> ranges;
  return for_each_json_line(path, [&](json line) {
    std::string problem = problem_of_score(line);
    if (problem.empty() && type_of(line) == "scorer") ranges = ranges_of(line);
    if (problem.empty() && type_of(line) == "pair") problem = problem_of_values(line, ranges);
    if (problem.empty()) take(std::move(line));
    return problem;
  });
}

}  // namespace sameseed
