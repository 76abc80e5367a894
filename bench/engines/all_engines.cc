#include "bench/engines/all_engines.h"

#include "bench/engines/null_engine.h"
#include "io/error.h"
#include "pipeline/cpu/accelerated_engine.h"
#include "reference/aten_backend.h"
#include "reference/reference_engine.h"

namespace sameseed {

std::unique_ptr<Engine> make_engine(const std::string& name) {
  if (name == "reference") return make_reference_engine(c10::Device(c10::kCPU));
  if (name == "accelerated")
    return make_accelerated_engine([](at::ScalarType type) { return make_aten_backend(type); });
  if (name == "null") return make_null_engine();
  throw UserError("engine \"" + name + "\": must be reference, accelerated or null");
}

bool device_works() { return true; }

}  // namespace sameseed
