#include "reports/history/report_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "io/sha256.h"
#include "reports/run/cohort.h"
#include "reports/statistics/fewest_blocks.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::string text_or(const json& object, const char* name, const std::string& otherwise = "") {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::optional<double> number(const json& object, const char* name) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// The field of all of a cohort's devices, each value once.
std::string of_devices(const json& cohort, const char* field) {
  std::string text;
  std::vector<std::string> seen;
  for (const json& device : cohort.value("devices", json::array())) {
    const std::string text_of_device = text_or(device, field, "?");
    if (std::find(seen.begin(), seen.end(), text_of_device) != seen.end()) continue;
    seen.push_back(text_of_device);
    text += (text.empty() ? "" : ", ") + text_of_device;
  }
  return text;
}

std::string machine_of(const json& cohort) {
  const std::string devices = of_devices(cohort, "name");
  return devices.empty() ? text_or(cohort.value("host", json::object()), "cpu", "?") : devices;
}

// "2 cores, 2 threads, kernel 6.1"
std::string host_text(const json& cohort) {
  const json host = cohort.value("host", json::object()),
             workers = cohort.value("workers", json::object());
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (const auto cores = number(host, "cores")) add(fmt::format("{:.0f} cores", *cores));
  std::set<double> threads;
  for (const json& worker : workers)
    if (const auto of_worker = number(worker, "threads")) threads.insert(*of_worker);
  for (const double count : threads) add(fmt::format("{:.0f} threads", count));
  if (const std::string kernel = text_or(host, "kernel"); !kernel.empty()) add("kernel " + kernel);
  return text;
}

SeriesPoint point_of(const json& statistics, const char* value, const char* interval) {
  const json ends = statistics.value(interval, json());
  return {.n = statistics.value("n", std::size_t{0}),
          .value = number(statistics, value),
          .low = number(ends, "low"),
          .high = number(ends, "high"),
          .worst5 = number(statistics, "worst5")};
}

}  // namespace

SeriesRun series_run(const json& report, const json& first_start, const std::string& folder) {
  const json& cohort = report.at("cohort");
  const std::string started = text_or(first_start, "started");
  return {.key = sha256(text_or(first_start, "start") + " " + started),
          .started = started,
          .name = report.at("name"),
          .folder = folder,
          .machine = machine_of(cohort),
          .driver = of_devices(cohort, "driver"),
          .version = text_or(cohort, "version"),
          .cohort = cohort.at("hash"),
          .recipe = series_recipe(cohort),
          .code = report.at("verdict").at("code"),
          .host = host_text(cohort)};
}

std::vector<SeriesRow> series_rows(const json& report) {
  std::vector<SeriesRow> rows;
  for (const json& comparison : report.at("comparisons")) {
    const auto named = [&](std::string measure, std::string unit, std::string better) {
      return SeriesName{.name = report.at("name"),
                        .machine = machine_of(report.at("cohort")),
                        .setting = comparison.at("setting").dump(),
                        .against = comparison.at("against"),
                        .measure = std::move(measure),
                        .unit = std::move(unit),
                        .better = std::move(better)};
    };
    for (const auto& [metric, statistics] : comparison.at("quality").items())
      if (statistics.value("n", 0) > 0)
        rows.push_back({named(metric, statistics.at("unit"), statistics.at("better")),
                        point_of(statistics, "mean", "interval")});
    for (const auto& [timing, statistics] : comparison.at("speed").items()) {
      rows.push_back({named(timing, "ms", "lower"), point_of(statistics, "mean", "interval")});
      SeriesPoint ratio = point_of(statistics, "ratio", "ratio_interval");
      ratio.n = statistics.value("blocks", std::size_t{0});
      ratio.worst5.reset();
      if (ratio.n < kFewestBlocks) ratio.value = ratio.low = ratio.high = std::nullopt;
      rows.push_back({named(timing + ".ratio", "ratio", "lower"), ratio});
    }
  }
  return rows;
}

}  // namespace sameseed
