// Who may look on while a picture is made. Where nobody does, the network pays a null check a
// block.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace sameseed {

class Observer {
 public:
  virtual ~Observer() = default;

  // What a module of the UNet put out, in the order of computing: its blocks (Unet::block_names)
  // and the resnets and attentions in them. With guidance both halves of the batch. What a partial
  // DeepCache step leaves out is not seen.
  virtual void module(const std::string& name, const at::Tensor& output) = 0;

  // The latents behind a sampler step. False: enough was seen, and no further step is made.
  virtual bool step(const at::Tensor& latents) = 0;
};

}  // namespace sameseed
