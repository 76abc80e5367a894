#include "reports/run/engagement.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/run/deepcache_proof.h"
#include "reports/run/fp8_proof.h"
#include "reports/run/lora_names.h"
#include "reports/run/pytorch_proof.h"
#include "reports/run/request_proof.h"
#include "reports/run/switch_proof.h"

namespace sameseed {
namespace {

using nlohmann::json;

Proof enhancement(const json& asked, const ArmEvidence& arm) {
  for (const SampleRecord* sample : arm.samples)
    if (const json& done = answered(*sample->effective, "enhance"); done != asked)
      return {kNotEngaged, fmt::format("{}: asked for {}, the worker did {}", named(*sample),
                                       asked.dump(), done.dump())};
  return {kEngaged, asked.is_null() ? "no post-processing"
                                    : "every picture was post-processed: " + asked.dump()};
}

// An engine that knows of no LoRAs does not speak of them.
Proof loras(const json& asked, const ArmEvidence& arm) {
  const json wanted = asked.is_null() ? json::array() : asked;
  for (const SampleRecord* sample : arm.samples) {
    const json& used = used_for(*sample, arm, "lora");
    if (used != wanted && !(used.is_null() && wanted.empty()))
      return {kNotEngaged,
              fmt::format("{}: asked for {}, the worker fused {}", named(*sample),
                          lora_label(wanted), used.is_null() ? "none" : lora_label(used))};
  }
  if (wanted.empty()) return {kEngaged, "no LoRA"};
  std::string fused = "the worker fused " + lora_label(wanted);
  const json& files = said_at_load(arm, "files", "lora");
  if (const json& layers = answered(files, "layers"); layers.is_number()) {
    if (layers == 0) return {kNotEngaged, fused + ", and no layer has any of it"};
    fused += fmt::format(", {} layers", layers.dump());
  }
  const bool nothing = std::ranges::all_of(
      wanted, [](const json& one) { return answered(one, "scale") == json(0.0); });
  return nothing ? Proof{kInert, fused + ": a scale of 0 adds nothing", {nullptr}}
                 : Proof{kEngaged, fused};
}

// load.NAME: the worker names what it uses, when it loads or with every picture; in older runs a
// precision as LibTorch spells it.
Proof loaded(const std::string& name, const json& asked, const ArmEvidence& arm) {
  const std::map<std::string, std::string> spelled = {
      {"Double", "fp64"}, {"Float", "fp32"}, {"Half", "fp16"}, {"BFloat16", "bf16"}};
  for (const SampleRecord* sample : arm.samples) {
    const json& used = used_for(*sample, arm, name);
    if (used.is_null())
      return {kNotEngaged, fmt::format("{}: the worker does not say its {}", named(*sample), name)};
    const auto other = spelled.find(text_or_empty(used));
    const bool chosen_by_engine =
        asked.is_null() || asked == "model" || asked == "highest" || asked == "" || asked == 0;
    if (!chosen_by_engine && used != asked && (other == spelled.end() || other->second != asked))
      return {kNotEngaged, fmt::format("{}: asked for {}, the worker uses {}", named(*sample),
                                       asked.dump(), used.dump())};
  }
  return {kEngaged, "the worker uses " + used_for(*arm.samples[0], arm, name).dump()};
}

// load.scheduler: a class of diffusers, or a file that names one. The worker tells the class that
// it runs.
Proof sampler(const json& asked, const ArmEvidence& arm) {
  const json& used = said_at_load(arm, "effective", "sampler");
  if (!used.is_string())
    return {kNoProof, "no proof possible: the worker does not say its sampler"};
  const std::string name = text_or_empty(asked);
  const bool is_class = name.ends_with("Scheduler") && name.find('/') == std::string::npos;
  if (is_class && used != asked)
    return {kNotEngaged,
            fmt::format("asked for {}, the worker uses {}", asked.dump(), used.dump())};
  return {kEngaged, "the worker uses " + used.dump()};
}

Proof of_request(const std::string& field, const json& asked, const ArmEvidence& arm,
                 const RunEvidence& run) {
  if (field == "deepcache") return deepcache_proof(asked, arm, run);
  if (field == "enhance") return enhancement(asked, arm);
  if (field == "steps" || field == "timesteps" || field == "sigmas")
    return steps_proof(field, asked, arm, run);
  if (field == "size" || field == "batch") return extent_proof(arm, run);
  return other_field_proof(field, asked, arm, run);
}

bool is_named_by_workers(const std::string& option) {
  return option == "precision" || option == "vae_precision" || option == "threads" ||
         option == "accumulation_block";
}

}  // namespace

std::map<std::string, Engagement> engagement_of(const ArmEvidence& arm, const RunEvidence& run) {
  std::map<std::string, Engagement> result;
  if (arm.samples.empty()) return result;
  for (const auto& [axis, value] : arm.asked) {
    const auto [kind, name] = kind_and_name(axis);
    Proof proof;
    Engagement entry{.value = value, .samples = arm.samples.size()};
    if (kind == "env") {
      proof = variable_proof(name, value, arm, run.probes);
      const json& read = answered(*arm.samples[0]->effective, name);
      entry.means = text_or_empty(answered(read, "means"));
      entry.is_default = answered(read, "default") == true;
      for (const json& network : answered(read, "networks"))
        entry.networks.push_back(text_or_empty(network));
    } else if (kind == "request") {
      proof = of_request(name, value, arm, run);
    } else if (axis == "load.lora") {
      proof = loras(value, arm);
    } else if (const auto fp8 = fp8_proof(axis, value, arm)) {
      proof = *fp8;
    } else if (const auto setting = pytorch_proof(axis, value, arm)) {
      proof = *setting;
    } else if (axis == "load.scheduler") {
      proof = sampler(value, arm);
    } else if (is_named_by_workers(name)) {
      proof = loaded(name, value, arm);
    } else {
      continue;
    }
    entry.verdict = proof.verdict;
    entry.evidence = proof.evidence;
    entry.same_as = proof.same_as;
    result.emplace(arm.name + "." + axis, std::move(entry));
  }
  return result;
}

}  // namespace sameseed
