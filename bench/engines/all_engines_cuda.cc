// The engines of a worker on a GPU.
#include "bench/engines/all_engines.h"
#include "bench/engines/null_engine.h"
#include "io/error.h"
#include "pipeline/cuda/cuda_engine.h"
#include "pipeline/cuda/upload.h"
#include "pipeline/sdxl_engine.h"
#include "reference/aten_backend.h"
#include "reference/reference_engine.h"

namespace sameseed {
namespace {

Upload make_upload(int device) {
  const auto uploader = std::make_shared<cuda::Uploader>(device);
  return {
      .copy = [uploader](void* to, std::span<const std::byte> from) { uploader->copy(to, from); },
      .finish = [uploader] { uploader->finish(); }};
}

}  // namespace

std::unique_ptr<Engine> make_engine(const std::string& name) {
  if (name == "null") return make_null_engine();
  if (name != "reference" && name != "accelerated")
    throw UserError("engine \"" + name + "\": must be reference, accelerated or null");
  const at::Device device = visible_gpu();
  const MakeUpload upload = [device] { return make_upload(device.index()); };
  if (name == "reference") return make_reference_engine(device, upload);
  return cuda::make_accelerated_engine(
      [device](at::ScalarType type) { return make_aten_backend(type, device); }, device, upload);
}

bool device_works() { return cuda::gpu_works(); }

}  // namespace sameseed
