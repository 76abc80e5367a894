// The engine behind both arms: SDXL over the backends of one arithmetic.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pipeline/engine.h"
#include "pipeline/sdxl_pipeline.h"

namespace sameseed {

// What makes one arm differ from another.
struct Arithmetic {
  Backends backends;
  nlohmann::json effective;  // switches as read in this process
  nlohmann::json probes;     // engagement shown at load
  std::function<nlohmann::json()> counters = [] {
    return nlohmann::json::object();
  };                                    // of the image just made
  std::function<void()> reset = [] {};  // before an image
};

// What an engine of the other arm alone does; throw Unsupported that names it.
void refuse_settings_of_the_reference(const LoadOptions& options);
void refuse_settings_of_the_accelerated_engine(const LoadOptions& options);

// The GPU that this process uses: the first that it sees. Throws UserError where it sees none.
at::Device visible_gpu();

// Makes the arithmetic for these options, once the VAE's precision is settled. Throws Unsupported.
using MakeArithmetic =
    std::function<Arithmetic(const LoadOptions& options, at::ScalarType vae_type)>;

class SdxlEngine final : public Engine {
 public:
  // `upload`: absent, where weights stay on the host or are sent one by one.
  SdxlEngine(std::string name, std::string default_precision, at::Device device,
             MakeArithmetic make, MakeUpload upload = {})
      : name_(std::move(name)),
        default_precision_(std::move(default_precision)),
        device_(device),
        make_(std::move(make)),
        upload_(std::move(upload)) {}

  LoadReport load(const LoadOptions& options) override;
  Generation generate(const Request& request) override;

 private:
  const SdxlPipeline& loaded() const;

  std::string name_, default_precision_;
  at::Device device_;
  MakeArithmetic make_;
  MakeUpload upload_;
  Arithmetic arithmetic_;
  std::optional<SdxlPipeline> pipeline_;
};

}  // namespace sameseed
