#include "reports/run/pytorch_proof.h"

#include <fmt/format.h>

namespace sameseed {
namespace {

using nlohmann::json;

constexpr double kHalfSums = 8e-4;  // at the probe's depth: 1.9e-3 with sums in fp16, 2e-4 without
// Of fp32 factors: some 4e-4 where they are rounded to TF32, else 1e-6.
constexpr double kTf32 = 5e-5;

Proof half_sums(bool asked, const ArmEvidence& arm) {
  const json& error = said_at_load(arm, "engagement", "fp16_accumulation_error");
  const json& precision = said_at_load(arm, "effective", "precision");
  if (!error.is_number())
    return asked ? Proof{kNotEngaged, "the load has no probe of a product in fp16"}
                 : Proof{kInert, "no product adds up in fp16 here"};
  const std::string shown =
      fmt::format("a probe product in fp16 has an error of {:.2e}", error.get<double>());
  if ((error.get<double>() > kHalfSums) != asked)
    return {kNotEngaged, shown + (asked ? ", no larger than with sums in fp32"
                                        : ", which is that of sums in fp16")};
  if (precision != "fp16" && precision != "Half")
    return {kInert, fmt::format("no product of it is in fp16, its precision is {}; {}",
                                precision.dump(), shown)};
  return {kEngaged, shown};
}

Proof tf32(const json& asked, const ArmEvidence& arm) {
  const json &product = said_at_load(arm, "engagement", "tf32_matmul_error"),
             &convolution = said_at_load(arm, "engagement", "tf32_conv_error");
  if (!product.is_number() || !convolution.is_number())
    return asked == 1 ? Proof{kNotEngaged, "the load has no probes in fp32"}
                      : Proof{kInert, "there is no TF32 here"};
  const std::string shown = fmt::format(
      "in fp32 a probe product has an error of {:.2e}, a "
      "convolution of {:.2e}",
      product.get<double>(), convolution.get<double>());
  const bool products = product.get<double>() > kTf32,
             convolutions = convolution.get<double>() > kTf32;
  // PyTorch's own setting leaves it to cuDNN whether a convolution takes it.
  if (products != (asked == 1) || (!asked.is_null() && convolutions != (asked == 1)))
    return {kNotEngaged, shown};
  const auto is_fp32 = [&](const char* name) {
    const json& used = said_at_load(arm, "effective", name);
    return used == "fp32" || used == "Float";
  };
  if (!is_fp32("precision") && !is_fp32("vae_precision"))
    return {kInert, "nothing of it is in fp32; " + shown};
  return {kEngaged, shown};
}

}  // namespace

std::optional<Proof> pytorch_proof(const std::string& axis, const AxisValue& asked,
                                   const ArmEvidence& arm) {
  const bool is_half = axis == "load.fp16_accumulation";
  if (!is_half && axis != "load.tf32") return std::nullopt;
  const json& used = said_at_load(arm, "effective", is_half ? "fp16_accumulation" : "tf32");
  const bool same = is_half ? (used == 1) == (asked == 1) : used == asked;
  if (!same)
    return Proof{kNotEngaged,
                 fmt::format("asked for {}, the worker says {}", asked.dump(), used.dump())};
  return is_half ? half_sums(asked == 1, arm) : tf32(asked, arm);
}

}  // namespace sameseed
