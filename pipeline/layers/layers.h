// The layers that a backend makes. Tensors are [batch, channels, height, width] or [batch, tokens,
// channels]. A layer takes what may be fused into it as an argument, undefined where there is
// nothing to fuse; a plain backend runs the same operations one by one, in diffusers' order.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace sameseed {

using at::Tensor;

enum class Activation { kNone, kSilu, kGelu, kQuickGelu };  // kGelu: the exact erf form

class Conv2d {
 public:
  virtual ~Conv2d() = default;
  // x [n, in, h, w] -> [n, out, h', w'], to which `residual` of that shape is added
  virtual Tensor forward(const Tensor& x, const Tensor& residual = {}) const = 0;

  // For a layer behind it that adds a shift anyway: the output without the bias that left_out()
  // gives, [out]; undefined where nothing is left out.
  virtual Tensor forward_unbiased(const Tensor& x) const { return forward(x); }
  virtual Tensor left_out() const { return {}; }

  // Over two pictures' channels, one behind the other, without joining them in memory. Undefined
  // where a backend does not know how.
  virtual Tensor forward_joined(const Tensor& /*first*/, const Tensor& /*second*/) const {
    return {};
  }

  // The same layer over input channels [first, first + count) alone, with the bias or without it.
  // Null where a backend has no such part.
  virtual std::unique_ptr<Conv2d> part(std::int64_t /*first*/, std::int64_t /*count*/,
                                       bool /*biased*/) const {
    return nullptr;
  }
};

class Linear {
 public:
  virtual ~Linear() = default;
  // x [..., in] -> [..., out], to which `residual` of that shape is added
  virtual Tensor forward(const Tensor& x, const Tensor& residual = {}) const = 0;
};

// Several linear layers of one input: queries, keys and values.
class LinearGroup {
 public:
  virtual ~LinearGroup() = default;
  // x [n, tokens, in] -> one [n, tokens, out] each
  virtual std::vector<Tensor> forward(const Tensor& x) const = 0;
};

class GroupNorm {
 public:
  virtual ~GroupNorm() = default;
  // x [n, channels, ...]; `shift` [n, channels], or [1, channels] for all, is added to it first.
  // x of fewer pictures than a shift [n, channels] has rows gives n outputs: of the first picture
  // to the last, and of the first again.
  virtual Tensor forward(const Tensor& x, Activation then = Activation::kNone,
                         const Tensor& shift = {}) const = 0;

  // As Conv2d's.
  virtual Tensor forward_joined(const Tensor& /*first*/, const Tensor& /*second*/,
                                Activation /*then*/) const {
    return {};
  }

  // The same layer over channels [first, first + count), whole groups, alone. Null where a backend
  // has no such part, or where a group lies across an end.
  virtual std::unique_ptr<GroupNorm> part(std::int64_t /*first*/, std::int64_t /*count*/) const {
    return nullptr;
  }
};

class LayerNorm {
 public:
  virtual ~LayerNorm() = default;
  virtual Tensor forward(const Tensor& x) const = 0;

  // x + residual, and the norm of that.
  struct Summed {
    Tensor sum, normed;
  };
  virtual Summed forward_sum(const Tensor& x, const Tensor& residual) const;
};

// How attention is run: q, k and v are split into `heads`; a causal one looks at no later token.
struct AttentionShape {
  std::int64_t heads = 1;
  bool causal = false;
};

// A linear layer to 2 x `inner`, whose first half is multiplied by gelu_erf of its second half
// (GEGLU).
class Geglu {
 public:
  virtual ~Geglu() = default;
  // x [n, tokens, in] -> [n, tokens, inner]
  virtual Tensor forward(const Tensor& x) const = 0;
};

}  // namespace sameseed
