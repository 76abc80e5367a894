#include "pipeline/cpu/accelerated_engine.h"

#include <fmt/format.h>

#include "io/error.h"
#include "pipeline/cpu/cpu_backend.h"
#include "pipeline/env_flags.h"
#include "pipeline/sdxl_engine.h"

namespace sameseed {
namespace {

Arithmetic make_arithmetic(const MakePlainBackend& plain, const LoadOptions& options,
                           at::ScalarType vae_type) {
  if (options.precision != "fp16")
    throw Unsupported(fmt::format("load.precision = \"{}\": the accelerated engine works in fp16",
                                  options.precision));
  const int block = options.accumulation_block;
  if (block != 16 && block != 8 && block != 4)
    throw UserError(fmt::format("load.accumulation_block = {}: must be 16, 8 or 4", block));
  const EnvFlags flags = read_env_flags();
  const CpuArithmetic cpu{
      .conv_half = is_on(flags.conv_half), .matmul_half = is_on(flags.matmul_half), .block = block};
  const auto counters = std::make_shared<CpuCounters>();

  Arithmetic arithmetic;
  arithmetic.backends.text = make_cpu_backend(cpu, *counters);
  arithmetic.backends.unet = make_cpu_backend(cpu, *counters);
  arithmetic.backends.vae = plain(vae_type);
  arithmetic.precision = options.precision;
  arithmetic.effective = effective(flags);
  arithmetic.effective[kCudnnV8Disabled] =
      not_acting(kCudnnV8Disabled, "acts on the reference's cuDNN convolutions only");
  arithmetic.effective["accumulation_block"] = block;
  const ProbeErrors errors = probe_errors(cpu);
  arithmetic.probes = {{"conv_error", errors.conv}, {"matmul_error", errors.matmul}};
  arithmetic.reset = [counters] { *counters = {}; };
  arithmetic.counters = [counters] {
    return nlohmann::json{{"conv_half", counters->conv_half},
                          {"conv_float", counters->conv_float},
                          {"matmul_half", counters->matmul_half},
                          {"matmul_float", counters->matmul_float},
                          {"non_finite", counters->non_finite}};
  };
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
