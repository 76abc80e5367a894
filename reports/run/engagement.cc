#include "reports/run/engagement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "reports/run/fp8_engagement.h"
#include "reports/run/lora_names.h"
#include "reports/run/pytorch_engagement.h"

namespace sameseed {
namespace {

using nlohmann::json;

const char* const kEngaged = "engaged";
const char* const kInert = "inert";
const char* const kNotEngaged = "not engaged";

struct Proof {
  std::string verdict, evidence;
};

// The three switches whose calls are counted and probed: counters KIND_half and KIND_float of every
// sample, KIND_error of the load.
std::string kind_of(const std::string& variable) {
  if (variable == "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION") return "conv";
  if (variable == "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION") return "matmul";
  if (variable == "ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION") return "attention";
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

std::string id(const SampleRecord& sample) { return "sample " + sample.sample; }

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
  for (const SampleRecord* sample : arm.samples) {
    const json& counters = *sample->engagement;
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
  for (const SampleRecord* sample : arm.samples) {
    const json& read = member(*sample->effective, name);
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
  for (const SampleRecord* sample : arm.samples) {
    const json& counters = *sample->engagement;
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
  for (const SampleRecord* sample : arm.samples)
    if (const json& done = member(*sample->effective, "enhance"); done != asked)
      return {kNotEngaged, fmt::format("{}: asked for {}, the worker did {}", id(*sample),
                                       asked.dump(), done.dump())};
  return {kEngaged, asked.is_null() ? "no post-processing"
                                    : "every picture was post-processed: " + asked.dump()};
}

// An engine that knows of no LoRAs does not speak of them.
Proof loras(const json& asked, const ArmEvidence& arm) {
  const json wanted = asked.is_null() ? json::array() : asked;
  for (const SampleRecord* sample : arm.samples) {
    const json& own = member(*sample->effective, "lora");
    const json& used =
        own.is_null() && arm.load ? member(member(*arm.load, "effective"), "lora") : own;
    if (used != wanted && !(used.is_null() && wanted.empty()))
      return {kNotEngaged,
              fmt::format("{}: asked for {}, the worker fused {}", id(*sample), lora_label(wanted),
                          used.is_null() ? "none" : lora_label(used))};
  }
  if (wanted.empty()) return {kEngaged, "no LoRA"};
  const std::string fused = "the worker fused " + lora_label(wanted);
  const bool nothing = std::ranges::all_of(
      wanted, [](const json& one) { return member(one, "scale") == json(0.0); });
  return nothing ? Proof{kInert, fused + ": a scale of 0 adds nothing"} : Proof{kEngaged, fused};
}

// load.NAME: the worker names what it uses, when it loads or with every picture.
Proof loaded(const std::string& name, const json& asked, const ArmEvidence& arm) {
  const auto used_for = [&](const SampleRecord& sample) -> const json& {
    const json& own = member(*sample.effective, name);
    return own.is_null() && arm.load ? member(member(*arm.load, "effective"), name) : own;
  };
  const std::map<std::string, std::string> spelled = {
      {"Float", "fp32"}, {"Half", "fp16"}, {"BFloat16", "bf16"}};
  for (const SampleRecord* sample : arm.samples) {
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

}  // namespace

OffProbes off_probes(const RunPlan& plan, const std::vector<WorkerRecord>& workers) {
  std::map<std::string, std::string> engines;
  for (const PlannedEnvironment& environment : plan.environments)
    engines[environment.id] = environment.engine;
  OffProbes probes;
  for (const WorkerRecord& worker : workers)
    for (const auto& [name, read] : member(worker.load, "effective").items()) {
      const json& error = member(member(worker.load, "engagement"), kind_of(name) + "_error");
      if (text(member(read, "means")) == "off" && error.is_number())
        probes[{engines[worker.environment], name}] = error.get<double>();
    }
  return probes;
}

std::map<std::string, Engagement> engagement_of(const ArmEvidence& arm, const OffProbes& probes) {
  std::map<std::string, Engagement> result;
  if (arm.samples.empty()) return result;
  for (const auto& [axis, value] : arm.asked) {
    const auto [kind, name] = kind_and_name(axis);
    Proof proof;
    Engagement entry{.value = value, .samples = arm.samples.size()};
    if (kind == "env") {
      proof = variable(name, value, arm, probes);
      const json& read = member(*arm.samples[0]->effective, name);
      entry.means = text(member(read, "means"));
      entry.is_default = member(read, "default") == true;
    } else if (axis == "request.deepcache") {
      proof = deepcache(value, arm);
      if (proof.verdict == kInert) entry.same_as.assign(1, nullptr);
    } else if (axis == "request.enhance") {
      proof = enhancement(value, arm);
    } else if (axis == "load.precision" || axis == "load.vae_precision" || axis == "load.threads" ||
               axis == "load.accumulation_block") {
      proof = loaded(name, value, arm);
    } else if (axis == "load.lora") {
      proof = loras(value, arm);
      if (proof.verdict == kInert) entry.same_as.assign(1, nullptr);
    } else if (const auto fp8 = fp8_proof(axis, value, arm)) {
      proof = {fp8->verdict, fp8->evidence};
    } else if (const auto setting = pytorch_proof(axis, value, arm)) {
      proof = {setting->verdict, setting->evidence};
    } else {
      continue;
    }
    entry.verdict = proof.verdict;
    entry.evidence = proof.evidence;
    result.emplace(arm.name + "." + axis, std::move(entry));
  }
  return result;
}

}  // namespace sameseed
