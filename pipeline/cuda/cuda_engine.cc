#include "pipeline/cuda/cuda_engine.h"

#include <fmt/format.h>

#include "io/sha256.h"
#include "pipeline/cuda/cuda_backend.h"
#include "pipeline/cuda/cuda_fp8.h"
#include "pipeline/cuda/probe.h"
#include "pipeline/cuda/step_graphs.h"
#include "pipeline/env_flags.h"
#include "pipeline/load_options.h"
#include "pipeline/sdxl_engine.h"

namespace sameseed::cuda {
namespace {

using nlohmann::json;

// The counters of an image, and which algorithms the process has taken so far: all of them where
// they changed since the last image, and always their hash.
class Engagement {
 public:
  explicit Engagement(std::shared_ptr<DeviceContext> context) : context_(std::move(context)) {}

  void reset() {
    context_->counters = {};
    searched_before_ = context_->choices.search_ms();
  }

  json counters() {
    context_->choices.save();
    const Counters& c = context_->counters;
    const json& taken = context_->choices.taken();
    json result = {{"text", to_json(c.text)},
                   {"unet", to_json(c.unet)},
                   {"vae", to_json(c.vae)},
                   {"graphs_replayed", c.graphs_replayed},
                   {"capture_ms", c.capture_ms},
                   {"search_ms", context_->choices.search_ms() - searched_before_},
                   {"algorithms", sha256(taken.dump()).substr(0, 12)}};
    if (taken.size() != shown_) result["choices"] = taken;
    shown_ = taken.size();
    return result;
  }

 private:
  std::shared_ptr<DeviceContext> context_;
  double searched_before_ = 0;
  std::size_t shown_ = 0;
};

std::optional<CudaArithmetic::Fp8> fp8_of(const LoadOptions& options) {
  if (!is_fp8(options)) return std::nullopt;
  return CudaArithmetic::Fp8{.row_scales = options.linear == "fp8",
                             .fast = options.fp8_fast_accumulation == 1};
}

Arithmetic make_arithmetic(const MakePlainBackend& plain, at::Device device,
                           const LoadOptions& options, at::ScalarType vae_type) {
  if (options.precision != "fp16")
    throw Unsupported(fmt::format("load.precision = \"{}\": the accelerated engine works in fp16",
                                  options.precision));
  refuse_settings_of_the_reference(options);
  const EnvFlags flags = read_env_flags();
  const CudaArithmetic unet{.type = at::kHalf,
                            .conv_half = is_on(flags.conv_half),
                            .matmul_half = is_on(flags.matmul_half),
                            .fp8 = fp8_of(options)};
  const auto context = std::make_shared<DeviceContext>(device, options.cold);
  const auto engagement = std::make_shared<Engagement>(context);

  Arithmetic arithmetic;
  arithmetic.backends.text = make_cuda_backend(unet, context, &Counters::text);
  arithmetic.backends.unet = make_cuda_backend(unet, context, &Counters::unet);
  arithmetic.backends.vae = vae_type == at::kHalf || vae_type == at::kBFloat16
                                ? make_cuda_backend({.type = vae_type}, context, &Counters::vae)
                                : plain(vae_type);
  arithmetic.backends.steps = make_step_graphs(context);
  arithmetic.effective = effective(flags);
  arithmetic.effective[kAttentionHalf] = not_acting(
      kAttentionHalf,
      "cuDNN's attention adds up in fp32: no kernel on a GPU adds it up in half precision here");
  arithmetic.effective[kCudnnV8Disabled] =
      not_acting(kCudnnV8Disabled, "acts on the reference's cuDNN convolutions only");
  arithmetic.effective["machine"] = context->machine;
  arithmetic.effective["attention"] = "cuDNN's graph API";
  arithmetic.effective["gate"] = context->gated.is_there() && !unet.matmul_half
                                     ? "inside its product by CUTLASS, where that is faster"
                                     : "behind its product";
  arithmetic.effective["linear"] = options.linear;
  arithmetic.effective["fp8_fast_accumulation"] = options.fp8_fast_accumulation;
  const ProbeErrors errors = probe_errors(unet, *context);
  arithmetic.probes = {{"conv_error", errors.conv}, {"matmul_error", errors.matmul}};
  if (unet.fp8) arithmetic.probes.update(to_json(fp8_probe_errors(unet, *context)));
  arithmetic.reset = [engagement] { engagement->reset(); };
  arithmetic.counters = [engagement] { return engagement->counters(); };
  return arithmetic;
}

}  // namespace

bool gpu_works() {
  (void)cudaGetLastError();  // of the call that failed, which the next one would report again
  return cudaDeviceSynchronize() == cudaSuccess;
}

std::unique_ptr<Engine> make_accelerated_engine(MakePlainBackend plain, at::Device device,
                                                MakeUpload upload) {
  return std::make_unique<SdxlEngine>(
      "accelerated", "fp16", device,
      [plain = std::move(plain), device](const LoadOptions& options, at::ScalarType vae_type) {
        return make_arithmetic(plain, device, options, vae_type);
      },
      std::move(upload));
}

}  // namespace sameseed::cuda
