#include "reports/history/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

constexpr int kInvalid = 6, kFailed = 7, kInert = 8;  // exit codes
constexpr std::size_t kMostTold = 3;

// What is wrong with a run of this code; empty: nothing that its numbers suffer from.
std::string trouble_of(int code) {
  if (code == kInvalid) return "invalid environment";
  if (code == kFailed) return "samples failed or are missing";
  if (code == kInert) return "a switch did not act";
  return "";
}

bool has_value(const SeriesPoint& point) { return point.value && std::isfinite(*point.value); }

// "driver 580 -> 590 -> 580", empty where it never changed.
std::string changes_of(const Series& series, std::size_t from, std::size_t to, const char* what,
                       const std::string SeriesRun::*field) {
  const auto value_of = [&](std::size_t run) {
    const std::string& value = series.runs[run].*field;
    return value.empty() ? "not recorded" : one_line(value);
  };
  std::string text;
  for (std::size_t i = from + 1; i <= to; ++i)
    if (series.runs[i].*field != series.runs[i - 1].*field) text += " -> " + value_of(i);
  return text.empty() ? "" : fmt::format(", {} {}{}", what, value_of(from), text);
}

// "14 runs FIRST to LAST", of those that fit; empty: none does.
std::string runs_text(const Series& series, const std::function<bool(std::size_t)>& fits) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < series.runs.size(); ++i)
    if (fits(i)) found.push_back(i);
  if (found.empty()) return "";
  if (found.size() == 1) return fmt::format("1 run ({})", day_of(series.runs[found.front()]));
  return fmt::format("{} runs ({} to {})", found.size(), day_of(series.runs[found.front()]),
                     day_of(series.runs[found.back()]));
}

// Of neighbours that both have a value: another n is a mean of other pairs.
std::string changes_of_n(const Series& series) {
  std::vector<std::string> told;
  std::size_t before = series.runs.size();
  for (std::size_t i = 0; i < series.runs.size(); ++i) {
    if (!has_value(series.points[i])) continue;
    if (before < i && series.points[before].n != series.points[i].n)
      told.push_back(fmt::format("{} -> {} on {}", series.points[before].n, series.points[i].n,
                                 day_of(series.runs[i])));
    before = i;
  }
  if (told.empty()) return "";
  const bool all = told.size() <= kMostTold;
  std::string text = all ? "n changed: " : fmt::format("n changed {} times, last: ", told.size());
  for (std::size_t i = all ? 0 : told.size() - 1; i < told.size(); ++i)
    text += (text.ends_with(": ") ? "" : ", ") + told[i];
  return text + "; a mean of other pairs or blocks may step by that alone";
}

}  // namespace

std::string day_of(const SeriesRun& run) { return one_line(run.started.substr(0, 10)); }

std::string changes_text(const Series& series, std::size_t from, std::size_t to) {
  const SeriesRun &last = series.runs[from], &first = series.runs[to];
  const bool same_day = day_of(last) == day_of(first);
  const auto date_of = [&](const SeriesRun& run) {
    return same_day ? one_line(run.started) : day_of(run);
  };
  std::string text = fmt::format("between {} ({}) and {} ({})", one_line(last.folder),
                                 date_of(last), one_line(first.folder), date_of(first));
  if (to > from + 1)
    text += fmt::format(", without a value or left out between them: {} {}", to - from - 1,
                        to > from + 2 ? "runs" : "run");
  text += changes_of(series, from, to, "driver", &SeriesRun::driver);
  text += changes_of(series, from, to, "sameseed", &SeriesRun::version);
  text += changes_of(series, from, to, "host:", &SeriesRun::host);
  if (series.points[from].n != series.points[to].n)
    text += fmt::format(", n {} -> {}", series.points[from].n, series.points[to].n);
  if (last.code != first.code && !trouble_of(first.code).empty())
    text += fmt::format(", code {} -> {} ({})", last.code, first.code, trouble_of(first.code));
  return text;
}

std::vector<std::string> doubts_of(const Series& series) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& runs, const std::string& what) {
    if (!runs.empty()) lines.push_back(runs + " " + what);
  };
  const bool is_ratio = series.name.measure.ends_with(".ratio");
  add(runs_text(series, [&](std::size_t i) { return !has_value(series.points[i]); }),
      is_ratio ? "without a value: too few blocks, or not finite" : "without a finite value");
  for (const int code : {kInvalid, kFailed, kInert})
    add(runs_text(series, [&](std::size_t i) { return series.runs[i].code == code; }),
        fmt::format("with exit code {}: {}", code, trouble_of(code)));
  if (std::string text = changes_of_n(series); !text.empty()) lines.push_back(std::move(text));
  return lines;
}

}  // namespace sameseed
