// The tensors of one component (unet, vae, text encoder) by their checkpoint names, checked against
// what the network asks for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/model/lora.h"
#include "pipeline/model/upload.h"

namespace sameseed {

// A place in a checkpoint: "down_blocks.0.resnets.0" and below. Cheap to copy.
//
// A tensor that is missing or has another shape is noted, and zeros stand in for it until check()
// throws one error that lists all of them; so a network is first built whole and then checked.
class Weights {
 public:
  // Opens FOLDER/STEM[.VARIANT].safetensors, or the shards that its index names. Where both are
  // there: the shards, as diffusers does; the single file of "model", as transformers does.
  static Weights open(const std::filesystem::path& folder, const std::string& stem,
                      const std::string& variant, at::ScalarType type,
                      at::Device device = at::kCPU);

  // Whether open() would find a file there.
  static bool stored(const std::filesystem::path& folder, const std::string& stem,
                     const std::string& variant);

  // From here on tensor() hands out weights with these added, each in a copy of its own. To be
  // called before send(), which leaves them out; what the deltas point into must live as long.
  void fuse(const std::vector<LoraDelta>& deltas);
  bool has_loras() const;  // whether any weight of the component is fused with one

  // Brings the tensors whose names `wanted` takes to the device, all at once, for tensor() to hand
  // out; those that need more memory as stored than in the component's type stay behind. Returns
  // how many bytes travelled. Throws what `upload` throws.
  std::int64_t send(const Upload& upload,
                    const std::function<bool(const std::string& name)>& wanted) const;

  Weights operator/(const std::string& name) const;
  Weights operator/(std::int64_t index) const;

  const std::string& place() const { return place_; }  // "down_blocks.0.resnets.0"; "" at the top

  // The tensor at this place + "." + name, in the component's type and on its device, contiguous.
  // It may lie in the mapped file: not to be written to. What send() brought is kept no longer than
  // until here, so that a layer which stores it otherwise needs no memory for both.
  at::Tensor tensor(const std::string& name, at::IntArrayRef shape) const;

  bool has(const std::string& name) const;  // whether the checkpoint holds it

  // Throws UserError that lists every tensor that was missing, of another shape or not finite;
  // returns the names of those that the network did not ask for.
  std::vector<std::string> check() const;

  std::vector<std::string> files() const;  // the files that were opened
  std::string left_out() const;     // the single file or the index that lies beside them, or ""
  std::string stored_type() const;  // "F16", or "F16, F32" where a checkpoint mixes

 private:
  struct Store;
  Weights(std::shared_ptr<Store> store, std::string place);
  std::shared_ptr<Store> store_;
  std::string place_;
};

}  // namespace sameseed
