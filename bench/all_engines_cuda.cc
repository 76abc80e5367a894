// The engines of a worker on a GPU.
#include "bench/all_engines.h"
#include "bench/null_engine.h"
#include "io/error.h"
#include "pipeline/cuda/cuda_engine.h"
#include "pipeline/sdxl_engine.h"
#include "reference/aten_backend.h"
#include "reference/reference_engine.h"

namespace sameseed {

std::unique_ptr<Engine> make_engine(const std::string& name) {
  if (name == "null") return make_null_engine();
  if (name != "reference" && name != "accelerated")
    throw UserError("engine \"" + name + "\": must be reference, accelerated or null");
  const at::Device device = visible_gpu();
  if (name == "reference") return make_reference_engine(device);
  return cuda::make_accelerated_engine(
      [device](at::ScalarType type) { return make_aten_backend(type, device); }, device);
}

}  // namespace sameseed
