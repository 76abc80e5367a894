#include "reports/run/fp8_proof.h"

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

Proof not_engaged(std::string why) { return {kNotEngaged, std::move(why)}; }

double probed(const ArmEvidence& arm, const char* name, double otherwise) {
  const json& error = said_at_load(arm, "engagement", name);
  return error.is_number() ? error.get<double>() : otherwise;
}

struct Fp8Calls {
  std::int64_t fast = 0, exact = 0, fp16 = 0;
};

// Of the UNet, where the worker counts by network.
Fp8Calls calls_of(const SampleRecord& sample) {
  const json& unet = answered(*sample.engagement, "unet");
  const json& counters = unet.is_object() ? unet : *sample.engagement;
  return {counted(counters, "fp8_fast"), counted(counters, "fp8_exact"),
          counted(counters, "linear_fp16")};
}

// How the load's probe product contradicts the option; empty: it does not, or there was none and
// none is needed.
std::string probe_says_otherwise(const ArmEvidence& arm, const std::string& linear, bool fast) {
  const double values = probed(arm, "fp8_error", -1), sums = probed(arm, "fp8_sums_error", -1),
               small = probed(arm, "fp8_small_tokens_error", -1);
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
  return fmt::format(
      "; a probe product's error {:.2e}, of its sums {:.2e}, of its small tokens {:.2e}",
      probed(arm, "fp8_error", 0), probed(arm, "fp8_sums_error", 0),
      probed(arm, "fp8_small_tokens_error", 0));
}

Proof proof_of_linear(const std::string& asked, const ArmEvidence& arm) {
  Fp8Calls all;
  bool fast = false;
  for (const SampleRecord* sample : arm.samples) {
    const json& used = used_for(*sample, arm, "linear");
    if (used != asked)
      return not_engaged(fmt::format(
          "{}: asked for {}, the worker {}", named(*sample), asked,
          used.is_null() ? "does not say what it multiplies in" : "uses " + used.dump()));
    fast = used_for(*sample, arm, "fp8_fast_accumulation") == 1;
    const Fp8Calls calls = calls_of(*sample);
    const std::int64_t fp8 = calls.fast + calls.exact;
    if (asked == "fp16" ? fp8 > 0 || calls.fp16 == 0 : fp8 == 0 || calls.fp16 > 0)
      return not_engaged(fmt::format("{}: {} products of transformers in FP8, {} in fp16",
                                     named(*sample), fp8, calls.fp16));
    all.fast += calls.fast;
    all.exact += calls.exact;
    all.fp16 += calls.fp16;
  }
  if (const std::string why = probe_says_otherwise(arm, asked, fast); !why.empty())
    return not_engaged(why);
  return {kEngaged, fmt::format("{} products of transformers in FP8, {} in fp16",
                                all.fast + all.exact, all.fp16) +
                        (asked == "fp16" ? "" : probe_words(arm))};
}

Proof proof_of_sums(bool asked, const ArmEvidence& arm) {
  Fp8Calls all;
  std::string linear;
  for (const SampleRecord* sample : arm.samples) {
    const json &used = used_for(*sample, arm, "linear"),
               &fast = used_for(*sample, arm, "fp8_fast_accumulation");
    if (!used.is_string() || fast != (asked ? 1 : 0))
      return not_engaged(fmt::format("{}: the worker says {} of fp8_fast_accumulation",
                                     named(*sample), fast.is_null() ? "nothing" : fast.dump()));
    linear = used.get<std::string>();
    const Fp8Calls calls = calls_of(*sample);
    if (linear != "fp16" &&
        ((asked ? calls.exact : calls.fast) > 0 || calls.fast + calls.exact == 0))
      return not_engaged(fmt::format("{}: {} products with fast sums, {} with exact ones",
                                     named(*sample), calls.fast, calls.exact));
    all.fast += calls.fast;
    all.exact += calls.exact;
  }
  if (linear == "fp16") return {kInert, "no product is in FP8: load.linear is fp16"};
  if (const std::string why = probe_says_otherwise(arm, linear, asked); !why.empty())
    return not_engaged(why);
  return {kEngaged,
          fmt::format("{} products with fast sums, {} with exact ones", all.fast, all.exact) +
              probe_words(arm)};
}

}  // namespace

std::optional<Proof> fp8_proof(const std::string& axis, const AxisValue& asked,
                               const ArmEvidence& arm) {
  if (axis == kLinearAxis)
    return proof_of_linear(asked.is_string() ? asked.get<std::string>() : "fp16", arm);
  if (axis == kFastAxis) return proof_of_sums(asked == 1, arm);
  return std::nullopt;
}

}  // namespace sameseed
