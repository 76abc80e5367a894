#include "reports/run/engagement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>

namespace sameseed {
namespace {

using nlohmann::json;

const char* const kEngaged = "engaged";
const char* const kInert = "inert";
const char* const kNotEngaged = "not engaged";

struct Proof {
  std::string verdict, evidence;
};

// The two switches whose calls are counted and probed: counters KIND_half and KIND_float of every
// sample, KIND_error of the load.
std::string kind_of(const std::string& variable) {
  if (variable == "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION") return "conv";
  if (variable == "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION") return "matmul";
  return "";
}

const json& member(const json& object, const std::string& name) {
  static const json nothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : nothing;
}

std::int64_t count(const json& counters, const std::string& name) {
  const json& value = member(counters, name);
  return value.is_number() ? value.get<std::int64_t>() : 0;
}

std::string text(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

std::string id(const json& sample) { return "sample " + text(member(sample, "sample")); }

// What the probe of the load says against the same engine with the variable off: empty, or why it
// is no proof.
std::string probe_objection(const json& error, double off) {
  if (error.get<double>() > off) return "";
  return fmt::format("the probe product's error is {:.2e}, no larger than with the switch off",
                     error.get<double>());
}

Proof accumulation(const std::string& variable, bool on, const ArmEvidence& arm,
                   const OffProbes& probes) {
  const std::string kind = kind_of(variable);
  std::int64_t half = 0, single = 0;
  for (const json* sample : arm.samples) {
    const json& counters = member(*sample, "engagement");
    const auto halves = count(counters, kind + "_half"), singles = count(counters, kind + "_float");
    half += halves;
    single += singles;
    if (on ? halves == 0 || singles > 0 : halves > 0 || singles == 0)
      return {kNotEngaged, fmt::format("{}: {} calls with a half accumulator, {} with a float one",
                                       id(*sample), halves, singles)};
  }
  std::string evidence =
      fmt::format("{} calls with a half accumulator, {} with a float one", half, single);
  const json& error = arm.load ? member(member(*arm.load, "engagement"), kind + "_error") : json();
  if (error.is_number()) {
    evidence += fmt::format("; error of a probe product {:.2e}", error.get<double>());
    const auto off = probes.find({arm.engine, variable});
    if (on && off != probes.end())
      if (const std::string why = probe_objection(error, off->second); !why.empty())
        return {kNotEngaged, why};
  }
  return {kEngaged, evidence};
}

Proof variable(const std::string& name, const json& asked, const ArmEvidence& arm,
               const OffProbes& probes) {
  std::string inert, shown;
  bool on = false;
  for (const json* sample : arm.samples) {
    const json& read = member(member(*sample, "effective"), name);
    if (!read.is_object())
      return {kNotEngaged, id(*sample) + ": the worker does not say how it read the variable"};
    if (member(read, "value") != asked)
      return {kNotEngaged, fmt::format("{}: asked for {}, the process read {}", id(*sample),
                                       asked.dump(), member(read, "value").dump())};
    if (member(read, "acts") == false) inert = text(member(read, "reason"));
    if (member(read, "evidence").is_string()) shown = text(member(read, "evidence"));
    on = text(member(read, "means")) == "on";
    if (member(read, "acts") != false && kind_of(name).empty() && shown.empty())
      return {kNotEngaged, id(*sample) + ": the worker read the value and shows no effect of it"};
  }
  if (!inert.empty()) return {kInert, inert};
  return kind_of(name).empty() ? Proof{kEngaged, shown} : accumulation(name, on, arm, probes);
}

Proof deepcache(const json& asked, const ArmEvidence& arm) {
  // "1/0/0": every step is full, which is the same as no DeepCache.
  const bool every_step = asked.is_string() && asked.get<std::string>().starts_with("1/");
  std::int64_t full = 0, partial = 0;
  bool single_step = false;
  for (const json* sample : arm.samples) {
    const json& counters = member(*sample, "engagement");
    const auto fulls = count(counters, "steps_full"), partials = count(counters, "steps_partial");
    const bool expected = !asked.is_null() && !every_step && fulls + partials > 1;
    single_step = single_step || fulls + partials == 1;
    full += fulls;
    partial += partials;
    if ((fulls == 0 && !asked.is_null()) || expected != (partials > 0))
      return {kNotEngaged,
              fmt::format("{}: {} full steps, {} partial", id(*sample), fulls, partials)};
  }
  const std::string evidence = fmt::format("{} full steps, {} partial", full, partial);
  if (every_step) return {kInert, evidence + ": with interval 1 every step is full"};
  if (!asked.is_null() && single_step) return {kInert, evidence + ": the only step is always full"};
  return {kEngaged, evidence};
}

Proof enhancement(const json& asked, const ArmEvidence& arm) {
  for (const json* sample : arm.samples)
    if (const json& done = member(member(*sample, "effective"), "enhance"); done != asked)
      return {kNotEngaged, fmt::format("{}: asked for {}, the worker did {}", id(*sample),
                                       asked.dump(), done.dump())};
  return {kEngaged, asked.is_null() ? "no post-processing"
                                    : "every picture was post-processed: " + asked.dump()};
}

// load.NAME: the worker names what it uses, when it loads or with every picture.
Proof loaded(const std::string& name, const json& asked, const ArmEvidence& arm) {
  const auto used_for = [&](const json& sample) -> const json& {
    const json& own = member(member(sample, "effective"), name);
    return own.is_null() && arm.load ? member(member(*arm.load, "effective"), name) : own;
  };
  const std::map<std::string, std::string> spelled = {
      {"Float", "fp32"}, {"Half", "fp16"}, {"BFloat16", "bf16"}};
  for (const json* sample : arm.samples) {
    const json& used = used_for(*sample);
    if (used.is_null())
      return {kNotEngaged, fmt::format("{}: the worker does not say its {}", id(*sample), name)};
    const auto other = spelled.find(text(used));
    const bool chosen_by_engine =
        asked.is_null() || asked == "model" || asked == "highest" || asked == "" || asked == 0;
    if (!chosen_by_engine && used != asked && (other == spelled.end() || other->second != asked))
      return {kNotEngaged, fmt::format("{}: asked for {}, the worker uses {}", id(*sample),
                                       asked.dump(), used.dump())};
  }
  return {kEngaged, "the worker uses " + used_for(*arm.samples[0]).dump()};
}

json values_with_equal_meaning(const json& entry, const std::map<json, std::string>& meanings) {
  json same = json::array();
  for (const auto& [value, means] : meanings)
    if (value != entry.at("value") && means == entry.at("means")) same.push_back(value);
  const json canonical = entry.at("means") == "on" ? "1" : "0";
  if (entry.value("default", false) && std::find(same.begin(), same.end(), canonical) == same.end())
    same.push_back(canonical);
  return same;
}

}  // namespace

OffProbes off_probes(const json& plan, const std::vector<json>& workers) {
  std::map<std::string, std::string> engines;
  for (const json& environment : plan.at("environments"))
    engines[environment.at("id")] = environment.at("engine");
  OffProbes probes;
  for (const json& worker : workers) {
    const json& load = member(worker, "load");
    for (const auto& [name, read] : member(load, "effective").items()) {
      const json& error = member(member(load, "engagement"), kind_of(name) + "_error");
      if (text(member(read, "means")) == "off" && error.is_number())
        probes[{engines[text(member(worker, "environment"))], name}] = error.get<double>();
    }
  }
  return probes;
}

json engagement_of(const ArmEvidence& arm, const OffProbes& probes) {
  json result = json::object();
  if (arm.samples.empty()) return result;
  for (const auto& [axis, value] : arm.asked.items()) {
    const std::string name = axis.substr(axis.find('.') + 1);
    Proof proof;
    json entry = {{"value", value}, {"samples", arm.samples.size()}};
    if (axis.starts_with("env.")) {
      proof = variable(name, value, arm, probes);
      const json& read = member(member(*arm.samples[0], "effective"), name);
      if (member(read, "means").is_string()) entry["means"] = read.at("means");
      if (member(read, "default") == true) entry["default"] = true;
    } else if (axis == "request.deepcache") {
      proof = deepcache(value, arm);
      if (proof.verdict == kInert) entry["same_as"] = json::array({nullptr});
    } else if (axis == "request.enhance") {
      proof = enhancement(value, arm);
    } else if (axis == "load.precision" || axis == "load.vae_precision" || axis == "load.threads" ||
               axis == "load.accumulation_block") {
      proof = loaded(name, value, arm);
    } else {
      continue;
    }
    entry["verdict"] = proof.verdict;
    entry["evidence"] = proof.evidence;
    result[arm.name + "." + axis] = entry;
  }
  return result;
}

void label_equal_values(json& comparisons, const json& axes) {
  // (engine, axis without its arm) -> value -> what the workers took it to mean
  std::map<std::pair<std::string, std::string>, std::map<json, std::string>> meanings;
  std::set<std::string> swept;
  for (const json& axis : axes) {
    const std::string name = axis.at("name");
    swept.insert(name.substr(name.find('.') + 1));
  }
  const auto for_each = [&](auto act) {
    for (json& comparison : comparisons)
      for (auto& [key, entry] : comparison.at("engagement").items()) {
        const std::size_t dot = key.find('.');
        const json& arm =
            comparison.at("arms").at(key.starts_with("candidate.") ? "candidate" : "reference");
        const std::string axis = key.substr(dot + 1);
        if (entry.contains("means") && swept.contains(axis))
          act(meanings[{arm.at("engine").template get<std::string>(), axis}], entry, axis);
      }
  };
  for_each([](auto& of_axis, json& entry, const std::string&) {
    of_axis[entry.at("value")] = entry.at("means");
  });
  for_each([](auto& of_axis, json& entry, const std::string& axis) {
    if (json same = values_with_equal_meaning(entry, of_axis); !same.empty())
      entry["same_as"] = std::move(same);
    if (entry.value("default", false))
      entry["same_because"] = fmt::format(
          "unset means {}'s default", axis.starts_with("env.ONEFLOW_") ? "OneDiff" : "LibTorch");
  });
}

}  // namespace sameseed
