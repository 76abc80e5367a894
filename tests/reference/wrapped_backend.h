// A backend over another one, for tests that look at a network's layers or change them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/layers/backend.h"

namespace sameseed {

// Passes everything on.
class WrappedBackend : public Backend {
 public:
  explicit WrappedBackend(std::unique_ptr<Backend> real) : real_(std::move(real)) {}

  at::ScalarType activation_type() const override { return real_->activation_type(); }
  at::Device device() const override { return real_->device(); }
  at::MemoryFormat memory_format() const override { return real_->memory_format(); }
  std::unique_ptr<Conv2d> conv2d(const Weights& at, const Conv2dConfig& config) override {
    return real_->conv2d(at, config);
  }
  std::unique_ptr<Linear> linear(const Weights& at, std::int64_t in, std::int64_t out,
                                 bool bias) override {
    return real_->linear(at, in, out, bias);
  }
  std::unique_ptr<GroupNorm> group_norm(const Weights& at, std::int64_t channels,
                                        std::int64_t groups, double eps) override {
    return real_->group_norm(at, channels, groups, eps);
  }
  std::unique_ptr<LayerNorm> layer_norm(const Weights& at, std::int64_t channels,
                                        double eps) override {
    return real_->layer_norm(at, channels, eps);
  }
  std::unique_ptr<Geglu> geglu(const Weights& at, std::int64_t in, std::int64_t inner) override {
    return real_->geglu(at, in, inner);
  }
  Tensor upsample_nearest(const Tensor& x, std::int64_t height, std::int64_t width) const override {
    return real_->upsample_nearest(x, height, width);
  }
  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                   const AttentionShape& shape) const override {
    return real_->attention(q, k, v, shape);
  }

 private:
  std::unique_ptr<Backend> real_;
};

// What a test does to layers. Each part is optional.
struct LayerEdits {
  using Function = std::function<Tensor(const Tensor&)>;
  struct Around {
    Function before, after;  // over a layer's input, over its output
  };
  std::function<Around(const std::string& place)> around;
  std::function<double(double)> group_norm_eps;
  std::function<Tensor(const Tensor& first, const Tensor& second)> geglu;  // of the two halves
  std::function<Tensor(const Tensor&, std::int64_t height, std::int64_t width)> upsample;
};

class EditedBackend final : public WrappedBackend {
 public:
  EditedBackend(std::unique_ptr<Backend> real, LayerEdits edits)
      : WrappedBackend(std::move(real)), edits_(std::move(edits)) {}

  std::unique_ptr<Conv2d> conv2d(const Weights& at, const Conv2dConfig& config) override {
    return edit<Edited<Conv2d, const Tensor&>>(at, WrappedBackend::conv2d(at, config));
  }
  std::unique_ptr<Linear> linear(const Weights& at, std::int64_t in, std::int64_t out,
                                 bool bias) override {
    return edit<Edited<Linear, const Tensor&>>(at, WrappedBackend::linear(at, in, out, bias));
  }
  std::unique_ptr<GroupNorm> group_norm(const Weights& at, std::int64_t channels,
                                        std::int64_t groups, double eps) override {
    if (edits_.group_norm_eps) eps = edits_.group_norm_eps(eps);
    return edit<Edited<GroupNorm, Activation, const Tensor&>>(
        at, WrappedBackend::group_norm(at, channels, groups, eps));
  }
  std::unique_ptr<LayerNorm> layer_norm(const Weights& at, std::int64_t channels,
                                        double eps) override {
    return edit<Edited<LayerNorm>>(at, WrappedBackend::layer_norm(at, channels, eps));
  }
  std::unique_ptr<Geglu> geglu(const Weights& at, std::int64_t in, std::int64_t inner) override {
    if (!edits_.geglu) return edit<Edited<Geglu>>(at, WrappedBackend::geglu(at, in, inner));
    auto layer = std::make_unique<EditedGeglu>();
    layer->halves = WrappedBackend::linear(at, in, 2 * inner, /*bias=*/true);
    layer->inner = inner;
    layer->join = edits_.geglu;
    return layer;
  }
  Tensor upsample_nearest(const Tensor& x, std::int64_t height, std::int64_t width) const override {
    return edits_.upsample ? edits_.upsample(x, height, width)
                           : WrappedBackend::upsample_nearest(x, height, width);
  }

 private:
  // The arguments behind `x` are what may be fused into a layer.
  template <typename Layer, typename... More>
  struct Edited final : Layer {
    std::unique_ptr<Layer> real;
    LayerEdits::Around around;
    Tensor forward(const Tensor& x, More... more) const override {
      const Tensor output = real->forward(around.before ? around.before(x) : x, more...);
      return around.after ? around.after(output) : output;
    }
  };

  struct EditedGeglu final : Geglu {
    std::unique_ptr<Linear> halves;
    std::int64_t inner = 0;
    std::function<Tensor(const Tensor&, const Tensor&)> join;
    Tensor forward(const Tensor& x) const override {
      const Tensor both = halves->forward(x, {});
      return join(both.narrow(-1, 0, inner), both.narrow(-1, inner, inner));
    }
  };

  template <typename Outer, typename Layer>
  std::unique_ptr<Layer> edit(const Weights& at, std::unique_ptr<Layer> layer) const {
    if (!edits_.around) return layer;
    auto outer = std::make_unique<Outer>();
    outer->real = std::move(layer);
    outer->around = edits_.around(at.place());
    return outer;
  }

  LayerEdits edits_;
};

}  // namespace sameseed
