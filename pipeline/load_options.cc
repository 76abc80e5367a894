#include "pipeline/load_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/error.h"
#include "io/json_schema.h"
#include "pipeline/message.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kLinear[] = {"fp16", "fp8", "fp8-tensor"};

void check_zero_or_one(const char* name, int value) {
  if (value != 0 && value != 1)
    throw UserError(fmt::format("{}: must be 0 or 1, not {}", name, value));
}

}  // namespace

json to_json(const LoadOptions& o) {
  return {{"model", o.model},
          {"vae", o.vae},
          {"scheduler", o.scheduler},
          {"lora", to_json(o.lora)},
          {"variant", o.variant},
          {"precision", o.precision},
          {"vae_precision", o.vae_precision},
          {"threads", o.threads},
          {"cold", o.cold},
          {"accumulation_block", o.accumulation_block},
          {"linear", o.linear},
          {"fp8_fast_accumulation", o.fp8_fast_accumulation},
          {"fp16_accumulation", o.fp16_accumulation},
          {"tf32", o.tf32 ? json(*o.tf32) : json()}};
}

LoadOptions read_load_options(const json& fields) {
  LoadOptions o;
  Message message(fields);
  message.take("model", o.model);
  message.take("vae", o.vae);
  message.take("scheduler", o.scheduler);
  message.take("lora", o.lora);
  message.take("variant", o.variant);
  message.take("precision", o.precision);
  message.take("vae_precision", o.vae_precision);
  message.take("threads", o.threads);
  message.take("cold", o.cold);
  message.take("accumulation_block", o.accumulation_block);
  message.take("linear", o.linear);
  message.take("fp8_fast_accumulation", o.fp8_fast_accumulation);
  message.take("fp16_accumulation", o.fp16_accumulation);
  message.take("tf32", o.tf32);
  message.finish();
  if (std::ranges::find(kLinear, o.linear) == std::end(kLinear))
    throw UserError(fmt::format("linear: must be {}, not {}", fmt::join(kLinear, ", "),
                                excerpt(json(o.linear))));
  check_zero_or_one("fp8_fast_accumulation", o.fp8_fast_accumulation);
  check_zero_or_one("fp16_accumulation", o.fp16_accumulation);
  if (o.tf32) check_zero_or_one("tf32", *o.tf32);
  return o;
}

void check_together(const LoadOptions& o) {
  if (o.fp8_fast_accumulation == 1 && !is_fp8(o))
    throw UserError(fmt::format(
        "load.fp8_fast_accumulation = 1 acts on products in FP8 only, and load.linear is {}; make "
        "it \"fp8\" or \"fp8-tensor\"",
        excerpt(json(o.linear))));
  if (o.tf32 == 1 && o.precision == "highest")
    throw UserError(
        "load.tf32 = 1: load.precision \"highest\" leaves TF32 out; remove one of them");
}

bool is_fp8(const LoadOptions& o) { return o.linear != "fp16"; }

}  // namespace sameseed
