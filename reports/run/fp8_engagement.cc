#include "reports/run/fp8_engagement.h"

#include <fmt/format.h>

#include <cstdint>

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kLinearAxis = "load.linear";
constexpr const char* kFastAxis = "load.fp8_fast_accumulation";
constexpr double kFastSums = 4e-4;  // exact ones have 1.3e-4 at the probe's depth, fast ones 1.5e-3
constexpr double kFp8Values = 1e-2;      // fp16 has 2e-4, E4M3 3.7e-2
constexpr double kOneScaleForAll = 0.1;  // a scale a token has 3.7e-2, one for all 0.3 and more

Fp8Proof not_engaged(std::string why) { return {"not engaged", std::move(why)}; }

double number_or(const json& object, const char* name, double otherwise) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_number() ? found->get<double>()
                                                                           : otherwise;
}

// What the worker says of a load option, with every picture or when it loads.
json said(const SampleRecord& sample, const ArmEvidence& arm, const char* name) {
  if (sample.effective && sample.effective->contains(name)) return sample.effective->at(name);
  if (!arm.load || !arm.load->is_object()) return {};
  const json effective = arm.load->value("effective", json::object());
  return effective.is_object() && effective.contains(name) ? effective.at(name) : json();
}

struct Fp8Calls {
  std::int64_t fast = 0, exact = 0, fp16 = 0;
};

Fp8Calls calls_of(const SampleRecord& sample) {
  const json none;
  const json& all = sample.engagement ? *sample.engagement : none;
  const json& counters = all.is_object() && all.contains("unet") ? all.at("unet") : all;
  const auto count = [&](const char* name) {
    return static_cast<std::int64_t>(number_or(counters, name, 0));
  };
  return {count("fp8_fast"), count("fp8_exact"), count("linear_fp16")};
}

// How the load's probe product contradicts the option; empty: it does not, or there was none and
// none is needed.
std::string probe_says_otherwise(const ArmEvidence& arm, const std::string& linear, bool fast) {
  const json probes = arm.load && arm.load->is_object()
                          ? arm.load->value("engagement", json::object())
                          : json::object();
  const double values = number_or(probes, "fp8_error", -1),
               sums = number_or(probes, "fp8_sums_error", -1),
               small = number_or(probes, "fp8_small_tokens_error", -1);
  if (linear == "fp16") return "";
  if (values < 0 || sums < 0 || small < 0) return "the load has no probe of products in FP8";
  if (values < kFp8Values)
    return fmt::format("the probe product's error is {:.2e}: too small for FP8", values);
  if ((sums > kFastSums) != fast)
    return fmt::format("the probe product's sums have an error of {:.2e}, which is that of {} ones",
                       sums, sums > kFastSums ? "fast" : "exact");
  if ((small > kOneScaleForAll) != (linear == "fp8-tensor"))
    return fmt::format(
        "the probe product's small tokens have an error of {:.2e}, which is that of {}", small,
        small > kOneScaleForAll ? "one scale for all" : "a scale a token");
  return "";
}

std::string probe_words(const ArmEvidence& arm) {
  const json probes = arm.load->value("engagement", json::object());
  return fmt::format(
      "; a probe product's error {:.2e}, of its sums {:.2e}, of its small tokens {:.2e}",
      number_or(probes, "fp8_error", 0), number_or(probes, "fp8_sums_error", 0),
      number_or(probes, "fp8_small_tokens_error", 0));
}

Fp8Proof proof_of_linear(const std::string& asked, const ArmEvidence& arm) {
  Fp8Calls all;
  bool fast = false;
  for (const SampleRecord* sample : arm.samples) {
    const json used = said(*sample, arm, "linear");
    if (used != asked)
      return not_engaged(fmt::format(
          "sample {}: asked for {}, the worker {}", sample->sample, asked,
          used.is_null() ? "does not say what it multiplies in" : "uses " + used.dump()));
    fast = said(*sample, arm, "fp8_fast_accumulation") == 1;
    const Fp8Calls calls = calls_of(*sample);
    const std::int64_t fp8 = calls.fast + calls.exact;
    if (asked == "fp16" ? fp8 > 0 || calls.fp16 == 0 : fp8 == 0 || calls.fp16 > 0)
      return not_engaged(fmt::format("sample {}: {} products of transformers in FP8, {} in fp16",
                                     sample->sample, fp8, calls.fp16));
    all.fast += calls.fast;
    all.exact += calls.exact;
    all.fp16 += calls.fp16;
  }
  if (const std::string why = probe_says_otherwise(arm, asked, fast); !why.empty())
    return not_engaged(why);
  return {"engaged", fmt::format("{} products of transformers in FP8, {} in fp16",
                                 all.fast + all.exact, all.fp16) +
                         (asked == "fp16" ? "" : probe_words(arm))};
}

Fp8Proof proof_of_sums(bool asked, const ArmEvidence& arm) {
  Fp8Calls all;
  std::string linear;
  for (const SampleRecord* sample : arm.samples) {
    const json used = said(*sample, arm, "linear"),
               fast = said(*sample, arm, "fp8_fast_accumulation");
    if (!used.is_string() || fast != (asked ? 1 : 0))
      return not_engaged(fmt::format("sample {}: the worker says {} of fp8_fast_accumulation",
                                     sample->sample, fast.is_null() ? "nothing" : fast.dump()));
    linear = used.get<std::string>();
    const Fp8Calls calls = calls_of(*sample);
    if (linear != "fp16" &&
        ((asked ? calls.exact : calls.fast) > 0 || calls.fast + calls.exact == 0))
      return not_engaged(fmt::format("sample {}: {} products with fast sums, {} with exact ones",
                                     sample->sample, calls.fast, calls.exact));
    all.fast += calls.fast;
    all.exact += calls.exact;
  }
  if (linear == "fp16") return {"inert", "no product is in FP8: load.linear is fp16"};
  if (const std::string why = probe_says_otherwise(arm, linear, asked); !why.empty())
    return not_engaged(why);
  return {"engaged",
          fmt::format("{} products with fast sums, {} with exact ones", all.fast, all.exact) +
              probe_words(arm)};
}

}  // namespace

std::optional<Fp8Proof> fp8_proof(const std::string& axis, const AxisValue& asked,
                                  const ArmEvidence& arm) {
  if (axis == kLinearAxis)
    return proof_of_linear(asked.is_string() ? asked.get<std::string>() : "fp16", arm);
  if (axis == kFastAxis) return proof_of_sums(asked == 1, arm);
  return std::nullopt;
}

}  // namespace sameseed
