#include "reports/judge/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/judge/gate_interval.h"
#include "reports/judge/judgement.h"
#include "reports/run/labels.h"
#include "reports/summary/nonfinite.h"

namespace sameseed {
namespace {

using nlohmann::json;

json cause(const std::string& kind, int code, const std::string& text) {
  return {{"kind", kind}, {"code", code}, {"text", text}};
}

const char* word_of(int code) {
  static const char* const words[] = {"pass",
                                      "usage error",
                                      "quality",
                                      "performance",
                                      "quality and performance",
                                      "inconclusive",
                                      "environment invalid",
                                      "infrastructure",
                                      "switch not engaged"};
  return words[code];
}

int rank(const json& one) {
  switch (one.at("code").get<int>()) {
    case 1:
      return 0;
    case 2:
      return 1;
    case 3:
      return 2;
    case 8:
      return 3;
    case 7:
      return 4;
    case 6:
      return 5;
    default:
      return 6;
  }
}

std::string title(const json& comparison) {
  return fmt::format("{} against {}", setting_label(comparison.at("setting")),
                     against_label(comparison));
}

// A cause for each sample that went wrong; samples that were not even tried are counted by kind.
void add_failures(const json& report, json& causes) {
  std::map<std::string, std::pair<std::size_t, std::string>> untried;
  for (const json& failure : report.at("failures")) {
    const std::string kind = failure.at("kind"), sample = failure.at("sample");
    if (kind == "unsupported") continue;
    if (kind == "missing" || kind == "given_up") {
      auto& [count, first] = untried[kind];
      if (count++ == 0)
        first = fmt::format("{}: {}", sample, failure.at("error").get<std::string>());
      continue;
    }
    json one = cause(
        kind, 7,
        fmt::format("sample {}: {}: {}", sample, kind, failure.at("error").get<std::string>()));
    one["sample"] = sample;
    causes.push_back(std::move(one));
  }
  for (const auto& [kind, what] : untried)
    causes.push_back(
        cause(kind, 7,
              fmt::format("{} samples {}, the first is {}", what.first,
                          kind == "missing" ? "are missing" : "were given up", what.second)));
}

void add_refusals(const json& report, json& causes) {
  if (!report.at("scored").get<bool>())
    causes.push_back(cause("unscored", 7, "the run was not scored; run `sameseed score`"));
  for (const json& comparison : report.at("comparisons")) {
    const json& refused = comparison.at("refused");
    if (refused.empty()) continue;
    json one = cause(
        "refused", 7,
        fmt::format("{}: {} pairs have no valid scores, the first is {}: {}", title(comparison),
                    refused.size(), refused.begin().key(), refused.begin()->get<std::string>()));
    one["comparison"] = comparison.at("id");
    causes.push_back(std::move(one));
  }
}

// A broken picture is no picture: a threshold that it passes proves nothing.
void add_broken(const json& report, json& causes) {
  for (const json& comparison : report.at("comparisons"))
    for (const json& one : comparison.at("broken")) {
      std::string ways;
      for (const json& way : one.at("ways"))
        ways += (ways.empty() ? "" : ", ") + way.get<std::string>();
      json found = cause(
          "broken", 7,
          fmt::format("{}: the {}'s picture of case {} is broken: {}", title(comparison),
                      one.at("side").get<std::string>(), one.at("case").get<std::string>(), ways));
      found["comparison"] = comparison.at("id");
      causes.push_back(std::move(found));
    }
}

void add_engagement(const json& report, json& causes) {
  for (const json& comparison : report.at("comparisons"))
    for (const auto& [axis, proof] : comparison.at("engagement").items())
      if (proof.at("verdict") == "not engaged") {
        json one =
            cause("engagement", 8,
                  fmt::format("{}: {} = {}: {}", title(comparison), axis, proof.at("value").dump(),
                              proof.at("evidence").get<std::string>()));
        one["comparison"] = comparison.at("id");
        causes.push_back(std::move(one));
      }
}

void add_environment(const json& report, json& causes) {
  for (const auto& [reason, count] : report.at("invalid").items())
    causes.push_back(
        cause("environment", 6,
              fmt::format(
                  "{} timing samples were made in an invalid environment: {}; comparisons timed "
                  "with them are not judged by time, and the same `sameseed run` times them again",
                  count.get<int>(), reason)));
  for (const json& field : report.at("cohort").at("differs"))
    causes.push_back(cause("environment", 6,
                           fmt::format("the run is of two cohorts: {} differs between its starts "
                                       "or workers; no time is judged",
                                       field.get<std::string>())));
}

json conclude(json causes) {
  std::stable_sort(causes.begin(), causes.end(),
                   [](const json& a, const json& b) { return rank(a) < rank(b); });
  int code = causes.empty() ? 0 : causes.at(0).at("code").get<int>();
  const bool slow = std::any_of(causes.begin(), causes.end(),
                                [](const json& one) { return one.at("code") == 3; });
  if (code == 2 && slow) code = 4;
  return {{"code", code}, {"word", word_of(code)}, {"causes", std::move(causes)}};
}

json infrastructure(const json& report) {
  json causes = json::array();
  add_failures(report, causes);
  add_nonfinite(report, causes);  // before the scores that are refused for it
  add_refusals(report, causes);
  add_broken(report, causes);
  return causes;
}

json gate_entry(const Gate& gate, const Judgement& found) {
  json tests = json::array();
  for (const json& setting : found.settings)
    tests.insert(tests.end(), setting.at("tests").begin(), setting.at("tests").end());
  return {{"gate", gate_label(gate)},
          {"of", gate.name},
          {"against", gate.against},
          {"where", gate.where},
          {"answer", answer_of(found)},
          {"by", gate.by_interval ? "interval" : "value"},
          {"alpha", gate.alpha},
          {"judged", found.judged},
          {"passed", found.passed},
          {"failed", found.failed},
          {"unsupported", found.unsupported},
          {"smallest_change", smallest_change_of(tests)},
          {"settings", found.settings}};
}

}  // namespace

json verdict(const json& report, const std::optional<std::vector<Gate>>& gates,
             const json* accepted) {
  json causes = infrastructure(report), judgements = json::array();
  if (!gates) return conclude(std::move(causes));
  add_engagement(report, causes);
  add_environment(report, causes);
  int number = 0;
  for (const Gate& gate : *gates) {
    const Judgement found = judge(gate, number++, report, accepted);
    causes.insert(causes.end(), found.causes.begin(), found.causes.end());
    judgements.push_back(gate_entry(gate, found));
  }
  json result = conclude(std::move(causes));
  result["gates"] = std::move(judgements);
  result["statistics"] = gate_statistics_definition();
  return result;
}

json verdict_without_gates(const json& report, const std::string& error) {
  json causes = infrastructure(report);
  causes.push_back(cause("usage", 1, error));
  return conclude(std::move(causes));
}

}  // namespace sameseed
