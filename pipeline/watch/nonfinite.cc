#include "pipeline/watch/nonfinite.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kMostLayers = 32;  // named; behind the first ones everything is NaN

// A layer that is watched. The arguments behind `x` are what may be fused into it.
template <typename Layer, typename... More>
struct Watched final : Layer {
  std::unique_ptr<Layer> inner;
  std::string name;
  NonfiniteFinder* finder = nullptr;

  Tensor forward(const Tensor& x, More... more) const override {
    finder->input(name, x);
    Tensor output = inner->forward(x, more...);
    finder->module(name, output);
    return output;
  }
};

class WatchedBackend final : public Backend {
 public:
  WatchedBackend(Backend& inner, NonfiniteFinder& finder) : inner_(inner), finder_(finder) {}

  Backend& of_transformers() override {
    if (&inner_.of_transformers() == &inner_) return *this;
    if (!of_transformers_)
      of_transformers_ = std::make_unique<WatchedBackend>(inner_.of_transformers(), finder_);
    return *of_transformers_;
  }

  at::ScalarType activation_type() const override { return inner_.activation_type(); }
  at::Device device() const override { return inner_.device(); }
  at::MemoryFormat memory_format() const override { return inner_.memory_format(); }

  std::unique_ptr<Conv2d> conv2d(const Weights& at, const Conv2dConfig& config) override {
    return watch<Watched<Conv2d, const Tensor&>>(at, inner_.conv2d(at, config));
  }
  std::unique_ptr<Linear> linear(const Weights& at, std::int64_t in, std::int64_t out,
                                 bool bias) override {
    return watch<Watched<Linear, const Tensor&>>(at, inner_.linear(at, in, out, bias));
  }
  std::unique_ptr<GroupNorm> group_norm(const Weights& at, std::int64_t channels,
                                        std::int64_t groups, double eps) override {
    return watch<Watched<GroupNorm, Activation, const Tensor&>>(
        at, inner_.group_norm(at, channels, groups, eps));
  }
  std::unique_ptr<LayerNorm> layer_norm(const Weights& at, std::int64_t channels,
                                        double eps) override {
    return watch<Watched<LayerNorm>>(at, inner_.layer_norm(at, channels, eps));
  }
  std::unique_ptr<Geglu> geglu(const Weights& at, std::int64_t in, std::int64_t inner) override {
    return watch<Watched<Geglu>>(at, inner_.geglu(at, in, inner));
  }
  Tensor upsample_nearest(const Tensor& x, std::int64_t height, std::int64_t width) const override {
    return inner_.upsample_nearest(x, height, width);
  }
  // It has no weights, thus no name: its output is the input of the projection behind it.
  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                   const AttentionShape& shape) const override {
    return inner_.attention(q, k, v, shape);
  }

 private:
  template <typename Outer, typename Layer>
  std::unique_ptr<Layer> watch(const Weights& at, std::unique_ptr<Layer> layer) {
    auto outer = std::make_unique<Outer>();
    outer->inner = std::move(layer);
    outer->name = at.place();
    outer->finder = &finder_;
    return outer;
  }

  Backend& inner_;
  NonfiniteFinder& finder_;
  std::unique_ptr<WatchedBackend> of_transformers_;
};

}  // namespace

std::int64_t count_nonfinite(const at::Tensor& tensor) {
  // Codes of FP8, of which not every operation knows.
  const Tensor values = tensor.element_size() == 1 ? tensor.to(at::kHalf) : tensor;
  return (~at::isfinite(values)).sum().item<std::int64_t>();
}

void NonfiniteFinder::module(const std::string& name, const at::Tensor& output) {
  if (const std::int64_t count = count_nonfinite(output); count > 0)
    layers_.emplace_back(name, count);
}

void NonfiniteFinder::input(const std::string& name, const at::Tensor& input) {
  if (layers_.empty()) module("input of " + name, input);
}

bool NonfiniteFinder::step(const at::Tensor& latents) {
  module("latents", latents);
  done_ = !layers_.empty() && layers_.back().first == "latents";
  if (done_) return false;
  layers_.clear();  // whatever it was, it did not reach the latents
  ++step_;
  return true;
}

json NonfiniteFinder::found() const {
  json layers = json::array();
  for (std::size_t i = 0; i < std::min(layers_.size(), kMostLayers); ++i)
    layers.push_back({{"layer", layers_[i].first}, {"count", layers_[i].second}});
  return {{"step", done_ ? json(step_) : json()},
          {"layers", std::move(layers)},
          {"layers_affected", layers_.size()}};
}

std::unique_ptr<Backend> make_watched_backend(Backend& inner, NonfiniteFinder& finder) {
  return std::make_unique<WatchedBackend>(inner, finder);
}

}  // namespace sameseed
