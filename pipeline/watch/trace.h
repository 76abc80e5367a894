// A picture on its way: what `--trace` writes, so that two arms can be compared step by step and
// block by block.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/watch/observer.h"

namespace sameseed {

class Trace final : public Observer {
 public:
  // Norms are kept of these modules, others are passed over.
  explicit Trace(std::vector<std::string> blocks);

  void module(const std::string& name, const at::Tensor& output) override;
  bool step(const at::Tensor& latents) override;

  // Safetensors: `latents` [steps, channels, height/8, width/8] in the model's precision, behind
  // each step; `block_norms` [steps, blocks], float64: L2 norms, NaN where a step left the block
  // out; the blocks' names in the metadata `blocks`, separated by spaces.
  void save(const std::filesystem::path& path) const;

 private:
  std::vector<std::string> blocks_;
  std::vector<at::Tensor> latents_;
  std::vector<double> norms_;  // the steps' rows one after another, and the row of the next step
};

}  // namespace sameseed
