#include "reports/compare/cohort_difference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "io/error.h"
#include "reports/run/cohort.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestValues = 60;  // characters; longer ones are not worth a sentence

constexpr Implication kImplications[] = {
    {"driver", "cuda", "the newest CUDA version is the driver's"},
    {"driver", "nvml", "NVML is a part of the driver"},
    {"driver", "algorithms", "algorithms are searched anew for each driver"},
    {"name", "power_limit_w", "another GPU has another power limit"},
    {"name", "algorithms", "algorithms are searched anew for each GPU"},
    {"libtorch", "versions.cuda", "it is built for one version of CUDA"},
    {"libtorch", "versions.cudnn", "its wheel brings cuDNN"},
    {"libtorch", "algorithms", "it brings cuDNN and cuBLASLt"},
    {"cudnn", "algorithms", "algorithms are searched anew for each cuDNN"},
    {"version", "algorithms", "another sameseed may ask for other operations"},
    {"cores", "threads", "LibTorch takes a thread a core"},
    {"cpu", "cpu_capability", "another CPU has other instructions"}};

// Dotted name -> value, of everything that is no object or list.
void add_leaves(const json& value, const std::string& name, std::map<std::string, json>& leaves) {
  if (!value.is_structured()) {
    leaves[name] = value;
    return;
  }
  const std::string prefix = name.empty() ? "" : name + ".";
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i)
      add_leaves(value[i], prefix + std::to_string(i), leaves);
  else
    for (const auto& [key, one] : value.items()) add_leaves(one, prefix + key, leaves);
}

// Less what says something about the rest.
json without_sums(json cohort) {
  cohort.erase("hash");
  cohort.erase("differs");
  return cohort;
}

std::map<std::string, json> leaves_of(const json& cohort) {
  std::map<std::string, json> leaves;
  add_leaves(without_sums(cohort), "", leaves);
  return leaves;
}

// What neither run knows is not equal.
bool is_unrecorded(const json& value) {
  return value.is_structured() ? std::ranges::any_of(value, is_unrecorded) : value == kNotRecorded;
}

// What one side lacks altogether is one difference, not as many as it has fields.
void add_differences(const json& a, const json& b, const std::string& name,
                     std::vector<CohortDifference>& list) {
  if (a == b && !is_unrecorded(a)) return;
  const std::string prefix = name.empty() ? "" : name + ".";
  if (a.is_object() && b.is_object()) {
    std::set<std::string> keys;
    for (const json* side : {&a, &b})
      for (const auto& [key, value] : side->items()) keys.insert(key);
    for (const std::string& key : keys)
      add_differences(a.value(key, json()), b.value(key, json()), prefix + key, list);
  } else if (a.is_array() && b.is_array() && a.size() == b.size()) {
    for (std::size_t i = 0; i < a.size(); ++i)
      add_differences(a[i], b[i], prefix + std::to_string(i), list);
  } else {
    list.push_back({.field = name, .a = a, .b = b});
  }
}

bool stands_for(const std::string& field, const std::string& name) {
  return ("." + name + ".").find("." + field + ".") != std::string::npos;
}

// A version that one run's workers do not tell may be the other's.
bool is_told(const CohortDifference& one) {
  return one.field.find(".versions.") == std::string::npos || !(one.a.is_null() || one.b.is_null());
}

bool differs_in(const std::vector<CohortDifference>& differences, const std::string& field) {
  return std::ranges::any_of(differences, [&](const CohortDifference& one) {
    return stands_for(field, one.field) && is_told(one);
  });
}

std::string reason_of(const CohortDifference& difference, const std::vector<std::string>& varied,
                      const std::vector<CohortDifference>& differences) {
  if (!is_told(difference)) return "";
  const std::string& name = difference.field;
  for (const std::string& field : varied)
    if (stands_for(field, name)) return "varied";
  for (const Implication& one : kImplications)
    for (const std::string& field : varied)
      if ((field == one.varied || field.ends_with(std::string(".") + one.varied)) &&
          stands_for(one.implied, name) && differs_in(differences, field))
        return fmt::format("comes with {}: {}", one.varied, one.because);
  return "";
}

void refuse_unknown(const std::vector<std::string>& varied, const std::set<std::string>& names) {
  for (const std::string& field : varied) {
    if (std::ranges::any_of(names, [&](const auto& name) { return stands_for(field, name); }))
      continue;
    std::vector<std::string> known;
    for (const std::string& name : names)  // the many of metrics and files are not worth a screen
      if (!name.starts_with("metrics.") && name.find(".files.") == std::string::npos &&
          name.find(".program.") == std::string::npos && !name.starts_with("algorithms."))
        known.push_back(name);
    throw UserError(fmt::format("--vary {}: neither run's cohort has such a field; fields are {}",
                                field, fmt::join(known, ", ")));
  }
}

}  // namespace

std::span<const Implication> implications() { return kImplications; }

json comparable_cohort(const RunIndex& run) {
  json cohort = cohort_of(run.files());
  std::set<std::string> cases;  // the floor's second process searches anew on purpose
  for (const PlannedComparison& comparison : run.plan().comparisons)
    for (const Pair& pair : comparison.pairs) cases.insert({pair.candidate, pair.reference});
  std::map<std::string, std::set<std::string>> taken;
  for (const auto& [id, record] : run.files().samples) {
    if (!cases.contains(record.case_id)) continue;
    const json choices = record.engagement->value("choices", json::object());
    if (!choices.is_object()) continue;
    for (const auto& [operation, choice] : choices.items()) {
      if (!choice.is_object()) continue;
      const json settings = choice.value("settings", json());
      const json algorithm = choice.value("algorithm", json());
      taken[operation].insert(
          (algorithm.is_string() ? algorithm.get<std::string>() : algorithm.dump()) +
          (settings.is_null() ? "" : " " + settings.dump()));
    }
  }
  for (const auto& [operation, algorithms] : taken)
    cohort["algorithms"][operation] = fmt::format("{}", fmt::join(algorithms, " or "));
  return cohort;
}

std::vector<CohortDifference> cohort_differences(const json& a, const json& b,
                                                 const std::vector<std::string>& varied) {
  std::set<std::string> names;
  for (const json* side : {&a, &b})
    for (const auto& [name, value] : leaves_of(*side)) names.insert(name);
  refuse_unknown(varied, names);
  std::vector<CohortDifference> list;
  add_differences(without_sums(a), without_sums(b), "", list);
  for (CohortDifference& one : list) one.allowed = reason_of(one, varied, list);
  return list;
}

std::vector<std::string> not_varied(const std::vector<CohortDifference>& differences,
                                    const std::vector<std::string>& varied) {
  std::vector<std::string> list;
  for (const std::string& field : varied)
    if (!differs_in(differences, field)) list.push_back(field);
  return list;
}

std::string not_varied_text(const json& cohort, const std::vector<std::string>& fields) {
  std::vector<std::string> texts;
  for (const std::string& field : fields) {
    std::set<std::string> values;
    for (const auto& [name, value] : leaves_of(cohort))
      if (stands_for(field, name))
        values.insert(value.is_string() ? value.get<std::string>() : value.dump());
    std::string what = fmt::format("{}", fmt::join(values, " and "));
    if (values.empty() || what.size() > kLongestValues) what = "the same";
    texts.push_back(
        fmt::format("{0} was not varied: it is {1} in both runs; leave out --vary {0} to "
                    "hold two equal ones against each other",
                    field, what));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

}  // namespace sameseed
