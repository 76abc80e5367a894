#include "reference/reference_engine.h"

#include "pipeline/env_flags.h"
#include "pipeline/sdxl_engine.h"
#include "reference/aten_backend.h"

namespace sameseed {
namespace {

Arithmetic make_arithmetic(const LoadOptions& options, at::ScalarType vae_type) {
  const at::ScalarType type = scalar_type_of(options.precision, "load.precision");
  Arithmetic arithmetic;
  arithmetic.backends = {make_aten_backend(type), make_aten_backend(type),
                         make_aten_backend(vae_type)};
  arithmetic.precision = options.precision;
  for (const char* variable : {kConvHalf, kMatmulHalf})
    arithmetic.effective[variable] = not_acting(variable, "acts on the accelerated engine only");
  arithmetic.effective[kCudnnV8Disabled] =
      not_acting(kCudnnV8Disabled, "no cuDNN convolution runs on a CPU");
  return arithmetic;
}

}  // namespace

std::unique_ptr<Engine> make_reference_engine() {
  return std::make_unique<SdxlEngine>("reference", "fp32", make_arithmetic);
}

}  // namespace sameseed
