#include "bench/plan/expected_times.h"

#include <algorithm>
#include <vector>

#include "bench/plan/plan_index.h"
#include "io/files.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"
#include "reports/run/line_types.h"
#include "reports/run/request_steps.h"

namespace sameseed {
namespace {

using nlohmann::json;

double work_of(const json& one_case) {
  const auto [width, height] = parse_size(one_case.at("request").at("size"));
  const json& request = one_case.at("request");
  return steps_of(request).value() * request.value("batch", 1) * width * height;
}

}  // namespace

std::string kind_of(const json& one_case) {
  json request = one_case.at("request");
  for (const char* field : {"prompt", "seed", "negative", "prompt_2", "negative_2"})
    request.erase(field);
  return sha256(json{{"environment", one_case.at("environment")}, {"request", request}}.dump())
      .substr(0, 16);
}

bool ExpectedTimes::knows(const json& one_case) const { return kinds_.contains(kind_of(one_case)); }

double ExpectedTimes::of(const json& one_case) const {
  if (const auto found = kinds_.find(kind_of(one_case)); found != kinds_.end())
    return found->second.ms;
  double ms = 0, work = 0;
  for (const auto& [key, kind] : kinds_) {
    ms += kind.ms;
    work += kind.work;
  }
  return work_of(one_case) * (work > 0 ? ms / work : 1);
}

void ExpectedTimes::learn(const json& plan, const std::filesystem::path& records) {
  const PlanIndex index(plan);
  std::map<std::string, std::vector<double>> times;
  for_each_record(records, [&](const json& record) {
    if (record.value("outcome", "") != "ok" || !record.contains("wall_ms")) return;
    const json* planned_case = index.find_case(record.value("case", ""));
    if (!planned_case) return;
    const std::string key = kind_of(*planned_case);
    times[key].push_back(record.at("wall_ms"));
    kinds_[key].work = work_of(*planned_case);
  });
  for (auto& [key, list] : times) {
    const auto middle = list.begin() + static_cast<std::ptrdiff_t>((list.size() - 1) / 2);
    std::nth_element(list.begin(), middle, list.end());
    kinds_[key].ms = *middle;
  }
}

json ExpectedTimes::to_json() const {
  json kinds = json::object();
  for (const auto& [key, kind] : kinds_) kinds[key] = {{"ms", kind.ms}, {"work", kind.work}};
  return kinds;
}

ExpectedTimes ExpectedTimes::from_json(const json& times) {
  ExpectedTimes result;
  for (const auto& [key, kind] : times.items())
    result.kinds_[key] = {kind.at("ms"), kind.at("work")};
  return result;
}

ExpectedTimes read_expected_times(const std::filesystem::path& run) {
  const auto file = run / "expected.json";
  return std::filesystem::exists(file) ? ExpectedTimes::from_json(read_json(file).at("kinds"))
                                       : ExpectedTimes();
}

void write_expected_times(const std::filesystem::path& run, const ExpectedTimes& times) {
  write_file(run / "expected.json",
             json{{"schema", "sameseed/expected/1"}, {"kinds", times.to_json()}}.dump(1) + "\n");
}

}  // namespace sameseed
