#include "reports/formats/worst_pairs.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

using nlohmann::json;

const json* metric_of(const json& summary, const std::string& name) {
  for (const json& metric : summary.at("metrics"))
    if (metric.at("name") == name) return &metric;
  return nullptr;
}

double value_of(const json& pair, const std::string& metric) {
  const json value = pair.at("values").value(metric, json());
  if (value.is_number()) return value.get<double>();
  const std::string word = pair.at("nonfinite").value(metric, "");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return word == "+inf"   ? kInfinity
         : word == "-inf" ? -kInfinity
                          : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::string worst_by(const json& summary) {
  for (const char* answer : {"fail", "inconclusive"})
    for (const json& gate : summary.at("verdict").value("gates", json::array()))
      if (gate.at("answer") == answer && metric_of(summary, gate.at("of"))) return gate.at("of");
  const json headline = summary.at("effects").value("headline", json());
  return headline.is_string() ? headline.get<std::string>() : "";
}

std::vector<WorstPair> worst_pairs(const json& summary, const std::string& metric,
                                   std::size_t count) {
  const json* definition = metric_of(summary, metric);
  if (!definition) return {};
  const Scale scale = scale_of(*definition);
  std::vector<std::pair<double, WorstPair>> found;
  for (const json& comparison : summary.at("comparisons"))
    if (comparison.at("against") == "reference")
      for (const json& pair : comparison.at("cases")) {
        const double value = value_of(pair, metric);
        if (std::isnan(value)) continue;
        const double badness = scale.better == "nearer"   ? std::abs(value - scale.identical)
                               : scale.better == "higher" ? -value
                                                          : value;
        found.push_back({badness, {&comparison, &pair}});
      }
  std::ranges::stable_sort(found, std::greater<>(), [](const auto& one) { return one.first; });
  std::vector<WorstPair> worst;
  for (std::size_t i = 0; i < std::min(count, found.size()); ++i) worst.push_back(found[i].second);
  return worst;
}

}  // namespace sameseed
