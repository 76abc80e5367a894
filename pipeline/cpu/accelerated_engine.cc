#include "pipeline/cpu/accelerated_engine.h"

#include <fmt/format.h>

#include "io/error.h"
#include "pipeline/cpu/cpu_backend.h"
#include "pipeline/env_flags.h"
#include "pipeline/load_options.h"
#include "pipeline/sdxl_engine.h"

namespace sameseed {
namespace {

// Of the text encoders' attention, which no switch governs, nothing is told.
struct EngineCounters {
  CpuCounters text, unet;

  nlohmann::json by_network() const {
    nlohmann::json of_unet = to_json(unet);
    of_unet.update(
        {{"attention_half", unet.attention_half}, {"attention_float", unet.attention_float}});
    return {{"text", to_json(text)},
            {"unet", std::move(of_unet)},
            {"non_finite", text.non_finite + unet.non_finite}};
  }
};

std::optional<Fp8Arithmetic> fp8_of(const LoadOptions& options) {
  if (!is_fp8(options)) return std::nullopt;
  return Fp8Arithmetic{
      .scale_of = options.linear == "fp8-tensor" ? ScaleOf::kTensor : ScaleOf::kRow,
      .fast = options.fp8_fast_accumulation == 1};
}

Arithmetic make_arithmetic(const MakePlainBackend& plain, const LoadOptions& options,
                           at::ScalarType vae_type) {
  if (options.precision != "fp16")
    throw Unsupported(fmt::format("load.precision = \"{}\": the accelerated engine works in fp16",
                                  options.precision));
  refuse_settings_of_the_reference(options);
  const int block = options.accumulation_block;
  if (block != 16 && block != 8 && block != 4)
    throw UserError(fmt::format("load.accumulation_block = {}: must be 16, 8 or 4", block));
  const EnvFlags flags = read_env_flags();
  const CpuArithmetic unet{.conv_half = is_on(flags.conv_half),
                           .matmul_half = is_on(flags.matmul_half),
                           .attention_half = is_on(flags.attention_half),
                           .block = block,
                           .fp8 = fp8_of(options)};
  CpuArithmetic text = unet;
  text.attention_half = false;  // the switch is the UNet's
  const auto counters = std::make_shared<EngineCounters>();

  Arithmetic arithmetic;
  arithmetic.backends.text = make_cpu_backend(text, counters->text);
  arithmetic.backends.unet = make_cpu_backend(unet, counters->unet);
  arithmetic.backends.vae = plain(vae_type);
  arithmetic.effective = effective(flags);
  arithmetic.effective[kCudnnV8Disabled] =
      not_acting(kCudnnV8Disabled, "acts on the reference's cuDNN convolutions only");
  arithmetic.effective["accumulation_block"] = block;
  arithmetic.effective["linear"] = options.linear;
  arithmetic.effective["fp8_fast_accumulation"] = options.fp8_fast_accumulation;
  const ProbeErrors errors = probe_errors(unet);
  arithmetic.probes = {{"conv_error", errors.conv},
                       {"matmul_error", errors.matmul},
                       {"attention_error", errors.attention}};
  if (unet.fp8) arithmetic.probes.update(to_json(fp8_probe_errors(*unet.fp8)));
  arithmetic.reset = [counters] { *counters = {}; };
  arithmetic.counters = [counters] { return counters->by_network(); };
  return arithmetic;
}

}  // namespace

std::unique_ptr<Engine> make_accelerated_engine(MakePlainBackend plain) {
  return std::make_unique<SdxlEngine>(
      "accelerated", "fp16", at::Device(at::kCPU),
      [plain = std::move(plain)](const LoadOptions& options, at::ScalarType vae_type) {
        return make_arithmetic(plain, options, vae_type);
      });
}

}  // namespace sameseed
