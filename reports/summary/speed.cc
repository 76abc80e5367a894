#include "reports/summary/speed.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

using nlohmann::json;
using Records = std::vector<const json*>;

std::optional<double> number(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<double> mean_step(const json& timings, bool full) {
  const json steps = timings.value("steps", json::array()),
             fulls = timings.value("full", json::array());
  double sum = 0;
  int count = 0;
  for (std::size_t i = 0; i < std::min(steps.size(), fulls.size()); ++i)
    if (fulls[i] == full && steps[i].is_number()) {
      sum += steps[i].get<double>();
      ++count;
    }
  if (count == 0) return std::nullopt;
  return sum / count;
}

// TIMING -> ms of one sample.
json timings_of(const json& record) {
  const json timings = record.value("timings_ms", json::object());
  json result = json::object();
  const auto put = [&](const char* name, std::optional<double> value) {
    if (value) result[name] = *value;
  };
  put("total_ms", number(timings, "total"));
  put("step_full_ms", mean_step(timings, true));
  put("step_partial_ms", mean_step(timings, false));
  put("text_ms", number(timings, "text"));
  put("decode_ms", number(timings, "decode"));
  return result;
}

bool is_whole(const Records& block) {
  int candidates = 0;
  for (const json* record : block) {
    if (record->at("outcome") != "ok" ||
        record->value("start", json()) != block[0]->value("start", json()))
      return false;
    candidates += record->value("arm", "") == "candidate";
  }
  return block.size() == 4 && candidates == 2;
}

bool is_valid(const Records& block) {
  return std::all_of(block.begin(), block.end(), [](const json* record) {
    return record->value("invalid", json::array()).empty();
  });
}

// The statistics of one timing over all blocks; null where no sample has it.
json summarize_timing(const std::string& name, const std::vector<json>& blocks) {
  std::map<std::string, std::vector<Scored>> times;
  std::vector<double> ratios;
  for (const json& block : blocks) {
    std::map<std::string, std::vector<double>> of_block;
    for (const json& sample : block)
      if (const auto value = number(sample.at("timings_ms"), name.c_str())) {
        of_block[sample.at("arm")].push_back(*value);
        times[sample.at("arm")].push_back({*value, sample.at("case")});
      }
    const auto &candidate = of_block["candidate"], &reference = of_block["reference"];
    if (candidate.size() == 2 && reference.size() == 2 && reference[0] + reference[1] > 0)
      ratios.push_back((candidate[0] + candidate[1]) / (reference[0] + reference[1]));
  }
  if (times.empty()) return nullptr;
  const Scale scale = {.better = "lower", .unit = "ms"};
  json entry = summarize(times["candidate"], scale);
  entry["unit"] = scale.unit;
  entry["better"] = scale.better;
  entry["reference"] = summarize(times["reference"], scale);
  const json ratio = summarize_ratios(ratios);
  entry["blocks"] = ratio.at("n");
  entry["ratio"] = ratio.at("ratio");
  entry["ratio_interval"] = ratio.at("interval");
  if (ratio.contains("interval_absent"))
    entry["ratio_interval_absent"] = ratio.at("interval_absent");
  return entry;
}

}  // namespace

std::map<std::size_t, double> log_ratios(const json& timed_samples, const std::string& timing) {
  std::map<std::size_t, std::pair<double, double>> sums;
  std::map<std::size_t, int> counts;
  for (const json& sample : timed_samples) {
    const json value = sample.at("timings_ms").value(timing, json());
    if (!value.is_number()) continue;
    auto& [candidate, reference] = sums[sample.at("block").get<std::size_t>()];
    (sample.at("arm") == "candidate" ? candidate : reference) += value.get<double>();
    ++counts[sample.at("block").get<std::size_t>()];
  }
  std::map<std::size_t, double> ratios;
  for (const auto& [block, sum] : sums)
    if (counts[block] == 4 && sum.first > 0 && sum.second > 0)
      ratios[block] = std::log(sum.first / sum.second);
  return ratios;
}

const std::vector<std::string>& timing_names() {
  static const std::vector<std::string> names = {"total_ms", "step_full_ms", "step_partial_ms",
                                                 "text_ms", "decode_ms"};
  return names;
}

Speed speed_of(const std::vector<const json*>& records) {
  Speed speed;
  std::map<int, Records> blocks;
  for (const json* record : records) {
    blocks[record->value("block", 0)].push_back(record);
    for (const json& reason : record->value("invalid", json::array()))
      if (reason.is_string())
        speed.invalid[reason.get<std::string>()] =
            speed.invalid.value(reason.get<std::string>(), 0) + 1;
  }
  std::vector<json> whole;
  for (auto& [number, block] : blocks) {
    if (!is_whole(block)) {
      ++speed.broken_blocks;
      continue;
    }
    if (!is_valid(block)) {
      ++speed.invalid_blocks;
      continue;
    }
    std::sort(block.begin(), block.end(), [](const json* a, const json* b) {
      return a->value("position", 0) < b->value("position", 0);
    });
    json samples = json::array();
    for (const json* record : block)
      samples.push_back({{"sample", record->at("sample")},
                         {"case", record->at("case")},
                         {"arm", record->at("arm")},
                         {"block", number},
                         {"timings_ms", timings_of(*record)}});
    speed.samples.insert(speed.samples.end(), samples.begin(), samples.end());
    whole.push_back(std::move(samples));
  }
  for (const std::string& name : timing_names())
    if (json entry = summarize_timing(name, whole); !entry.is_null())
      speed.timings[name] = std::move(entry);
  return speed;
}

}  // namespace sameseed
