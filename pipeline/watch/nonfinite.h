// Where NaN and infinities arise. A picture that came out with them is made again with every layer
// watched; a picture without pays for one look at its final latents.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/layers/backend.h"
#include "pipeline/watch/observer.h"

namespace sameseed {

std::int64_t count_nonfinite(const at::Tensor& tensor);

// Finds the first step whose latents are not all finite, and in it, in the order of computing, the
// modules whose output was not. For a VAE, which has no steps, it keeps what its layers put out.
class NonfiniteFinder final : public Observer {
 public:
  void module(const std::string& name, const at::Tensor& output) override;
  bool step(const at::Tensor& latents) override;

  // A layer's input: counts only as the first of all, where something between two modules broke.
  void input(const std::string& name, const at::Tensor& input);

  // {"step": from 0, null where no step was bad or there are none, "layers": [{"layer", "count"}],
  // at most the first 32, "layers_affected": of all}. Names as in the checkpoint; "input of X"
  // where the first bad values entered X without having been any module's output.
  nlohmann::json found() const;

 private:
  std::vector<std::pair<std::string, std::int64_t>> layers_;
  std::int64_t step_ = 0;
  bool done_ = false;
};

// Makes the layers of `inner` and tells `finder` what enters and leaves them, and the attentions.
// Both must outlive it.
std::unique_ptr<Backend> make_watched_backend(Backend& inner, NonfiniteFinder& finder);

}  // namespace sameseed
