#include "reports/run/switch_proof.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>

namespace sameseed {
namespace {

using nlohmann::json;

// The relative error of a product that is stored in fp16 and is else exact: a value is off by up to
// half a unit of its last place, 2^-11 of its power of two, evenly, so by 2^-11 / sqrt(3) of it in
// the mean square; over the values of a power of two that is 0.68 of it, 1.9e-4. Measured on GPUs,
// with sums in float: 2.05e-4 and 2.11e-4.
constexpr double kStoredError = 2e-4;
// Sums in half precision err far more: 1.9e-3 at the probes' depth of 2880.
constexpr double kLeastError = 3 * kStoredError;

// The three switches whose calls are counted and probed: counters KIND_half and KIND_float of every
// sample, KIND_error of the load.
std::string kind_of(const std::string& variable) {
  if (variable == "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION") return "conv";
  if (variable == "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION") return "matmul";
  if (variable == "ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION") return "attention";
  return "";
}

// What a value of a variable means: as OneFlow parses booleans, and by which API LibTorch then
// calls cuDNN. Empty: of this one nothing is known.
std::string meaning_of(const std::string& variable, const json& value) {
  if (variable == "TORCH_CUDNN_V8_API_DISABLED") return value == "1" ? "v7" : "v8";
  if (kind_of(variable).empty()) return "";
  if (value.is_null()) return "on";  // OneDiff's default
  std::string lower = text_or_empty(value);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const char* const yes[] = {"1", "true", "yes", "on", "y"};
  return std::ranges::find(yes, lower) == std::end(yes) ? "off" : "on";
}

struct Calls {
  std::int64_t half = 0, single = 0;

  Calls& operator+=(const Calls& more) {
    half += more.half;
    single += more.single;
    return *this;
  }
  std::string told() const {
    return fmt::format("{} calls with a half accumulator, {} with a float one", half, single);
  }
};

Calls calls_of(const json& counters, const std::string& kind) {
  return {counted(counters, kind + "_half"), counted(counters, kind + "_float")};
}

constexpr const char* kNetworks[] = {"unet", "text", "vae"};

std::string name_of(const std::string& network) {
  if (network == "unet") return "UNet";
  if (network == "vae") return "VAE";
  return network == "text" ? "text encoders" : network;
}

bool counts_by_network(const json& engagement) {
  return std::ranges::any_of(
      kNetworks, [&](const char* network) { return answered(engagement, network).is_object(); });
}

// Those that the worker says the variable acts on; the UNet, where it does not say.
std::set<std::string> networks_of(const SampleRecord& sample, const std::string& variable) {
  std::set<std::string> networks;
  for (const json& network : answered(answered(*sample.effective, variable), "networks"))
    networks.insert(text_or_empty(network));
  return networks.empty() ? std::set<std::string>{"unet"} : networks;
}

// The calls of an image by network; "" stands for all together, as older runs and outside engines
// count. Nothing of networks that the worker does not count.
std::map<std::string, Calls> calls_by_network(const SampleRecord& sample, const std::string& kind) {
  const json& engagement = *sample.engagement;
  if (!counts_by_network(engagement)) return {{"", calls_of(engagement, kind)}};
  std::map<std::string, Calls> calls;
  for (const char* network : kNetworks)
    if (const json& counters = answered(engagement, network); counters.is_object())
      calls[network] = calls_of(counters, kind);
  return calls;
}

// Why the calls of an image are no proof; empty where they are one.
std::string objection_of_calls(const SampleRecord& sample,
                               const std::map<std::string, Calls>& calls,
                               const std::set<std::string>& networks, bool on) {
  for (const auto& [network, made] : calls) {
    const std::string where = network.empty() ? "" : name_of(network) + ": ";
    if (!network.empty() && !networks.contains(network)) {
      if (made.half > 0)
        return fmt::format("{}: {}{}, and the switch is not to act there", named(sample), where,
                           made.told());
      continue;
    }
    if (on ? made.half == 0 || made.single > 0 : made.half > 0 || made.single == 0)
      return fmt::format("{}: {}{}", named(sample), where, made.told());
  }
  for (const std::string& network : networks)
    if (!calls.contains(network) && !calls.contains(""))
      return fmt::format("{}: the worker counts no calls of the {}", named(sample),
                         name_of(network));
  return "";
}

// What the probe of the load says against the switch being as it was asked for; empty: nothing.
// `off`: the error with the switch off, or 0.
std::string objection_of_probe(double error, bool on, double off) {
  if (!on && error >= kLeastError)
    return fmt::format(
        "the probe product's error is {:.2e} with the switch off; sums in float leave the stored "
        "type's own, {:.0e}",
        error, kStoredError);
  if (on && error < kLeastError)
    return fmt::format(
        "the probe product's error is {:.2e}; sums in half precision give at least {:.0e}, three "
        "times the stored type's own",
        error, kLeastError);
  if (on && error <= off)
    return fmt::format("the probe product's error is {:.2e}, no larger than with the switch off",
                       error);
  return "";
}

Proof accumulation(const std::string& variable, bool on, const ArmEvidence& arm,
                   const OffProbes& probes) {
  const std::string kind = kind_of(variable);
  std::map<std::string, Calls> all, calls;
  std::set<std::string> networks;
  const SampleRecord* last = nullptr;
  for (const SampleRecord* sample : arm.samples) {
    // Hundreds of thousands of timed samples share what they say.
    const bool says_the_same =
        last && last->effective == sample->effective && last->engagement == sample->engagement;
    last = sample;
    if (!says_the_same) {
      calls = calls_by_network(*sample, kind);
      networks = networks_of(*sample, variable);
    }
    if (std::string why = objection_of_calls(*sample, calls, networks, on); !why.empty())
      return {kNotEngaged, std::move(why)};
    for (const auto& [network, made] : calls)
      if (network.empty() || networks.contains(network)) all[network] += made;
  }
  std::vector<std::string> told;
  for (const char* network : {"", "unet", "text", "vae"})
    if (const auto found = all.find(network); found != all.end())
      told.push_back((found->first.empty() ? "" : name_of(network) + " ") + found->second.told());
  std::string evidence = fmt::format("{}", fmt::join(told, "; "));
  const json& error = said_at_load(arm, "engagement", kind + "_error");
  if (error.is_number()) {
    const auto known = probes.find({arm.engine, variable});
    const double off = known == probes.end() ? 0 : known->second;
    if (std::string why = objection_of_probe(error.get<double>(), on, off); !why.empty())
      return {kNotEngaged, std::move(why)};
    evidence += fmt::format("; error of a probe product {:.2e}", error.get<double>());
  }
  return {kEngaged, std::move(evidence)};
}

}  // namespace

Proof variable_proof(const std::string& name, const json& asked, const ArmEvidence& arm,
                     const OffProbes& probes) {
  std::string inert, shown;
  bool on = false;
  for (const SampleRecord* sample : arm.samples) {
    const json& read = answered(*sample->effective, name);
    if (!read.is_object())
      return {kNotEngaged, named(*sample) + ": the worker does not say how it read the variable"};
    if (answered(read, "value") != asked)
      return {kNotEngaged, fmt::format("{}: asked for {}, the process read {}", named(*sample),
                                       asked.dump(), answered(read, "value").dump())};
    if (answered(read, "acts") == false) inert = text_or_empty(answered(read, "reason"));
    if (answered(read, "evidence").is_string()) shown = text_or_empty(answered(read, "evidence"));
    const std::string wanted = meaning_of(name, asked),
                      told = text_or_empty(answered(read, "means")),
                      means = told.empty() ? wanted : told;
    if (answered(read, "acts") != false && !asked.is_null() && !wanted.empty() && means != wanted)
      return {kNotEngaged, fmt::format("{}: asked for {}, which the process took for {}",
                                       named(*sample), asked.dump(), means)};
    on = means == "on";
    if (answered(read, "acts") != false && kind_of(name).empty() && shown.empty())
      return {kNotEngaged,
              named(*sample) + ": the worker read the value and shows no effect of it"};
  }
  if (!inert.empty()) return {kInert, inert};
  return kind_of(name).empty() ? Proof{kEngaged, shown} : accumulation(name, on, arm, probes);
}

OffProbes off_probes(const RunPlan& plan, const std::vector<WorkerRecord>& workers) {
  std::map<std::string, std::string> engines;
  for (const PlannedEnvironment& environment : plan.environments)
    engines[environment.id] = environment.engine;
  OffProbes probes;
  for (const WorkerRecord& worker : workers)
    for (const auto& [name, read] : answered(worker.load, "effective").items()) {
      const json& error = answered(answered(worker.load, "engagement"), kind_of(name) + "_error");
      if (text_or_empty(answered(read, "means")) == "off" && error.is_number())
        probes[{engines[worker.environment], name}] = error.get<double>();
    }
  return probes;
}

}  // namespace sameseed
