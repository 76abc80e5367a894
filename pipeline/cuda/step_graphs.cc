#include "pipeline/cuda/step_graphs.h"

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <map>
#include <set>

#include "io/elapsed.h"
#include "pipeline/cuda/check.h"

namespace sameseed::cuda {
namespace {

// A capture that ends whatever happens: a stream that is left in one takes no other work, and the
// allocator would go on giving out the graph's memory.
class Capture {
 public:
  Capture(at::cuda::CUDAGraph& graph, at::cuda::MempoolId_t pool) : graph_(graph) {
    graph_.capture_begin(pool);
  }
  ~Capture() {
    if (!is_open_) return;
    try {
      graph_.capture_end();
    } catch (const std::exception&) {  // what it was thrown away for is under way
    }
    (void)cudaGetLastError();
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  void end() {
    is_open_ = false;
    graph_.capture_end();
  }

 private:
  at::cuda::CUDAGraph& graph_;
  bool is_open_ = true;
};

constexpr int kWarmUps = 2;  // algorithms are searched and plans are made before a capture

std::string key_of(const std::string& kind, const std::vector<Tensor>& tensors) {
  std::string key = kind;
  for (const Tensor& tensor : tensors) key += fmt::format(" [{}]", fmt::join(tensor.sizes(), ","));
  return key;
}

class StepGraphs {
 public:
  explicit StepGraphs(std::shared_ptr<DeviceContext> context) : context_(std::move(context)) {}

  std::vector<Tensor> keep(const std::vector<Tensor>& tensors) {
    std::vector<Tensor>& kept = kept_[key_of("", tensors)];
    if (kept.empty())
      for (const Tensor& tensor : tensors) kept.push_back(lasting(tensor.contiguous().clone()));
    else
      for (std::size_t i = 0; i < tensors.size(); ++i) kept[i].copy_(tensors[i]);
    return kept;
  }

  std::vector<Tensor> run(const std::string& kind, const std::vector<Tensor>& inputs,
                          const StepRunner::Step& step) {
    auto& captured = graphs_[key_of(kind, inputs)];
    if (!captured) captured = capture(inputs, step);  // where it throws, the next call tries again
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (!inputs[i].is_same(captured->inputs[i]) &&
          inputs[i].const_data_ptr() != captured->inputs[i].const_data_ptr())
        captured->inputs[i].copy_(inputs[i]);
    captured->graph.replay();
    context_->counters += captured->counted;
    return captured->outputs;
  }

 private:
  struct StepGraph {
    at::cuda::CUDAGraph graph;
    std::vector<Tensor> inputs, outputs;
    Counters counted;  // by one replay
  };

  // Marks a tensor as one that stays where it is as long as the graphs do.
  Tensor lasting(Tensor tensor) {
    lasting_.insert(tensor.const_data_ptr());
    return tensor;
  }

  std::unique_ptr<StepGraph> capture(const std::vector<Tensor>& inputs,
                                     const StepRunner::Step& step) {
    const auto start = std::chrono::steady_clock::now();
    const Counters before = context_->counters;
    const double searched = context_->choices.search_ms();
    auto captured = std::make_unique<StepGraph>();
    for (const Tensor& input : inputs)
      captured->inputs.push_back(lasting_.contains(input.const_data_ptr()) ? input : input.clone());
    check(cudaDeviceSynchronize(), "waiting before a capture");
    {
      const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
      for (int i = 0; i < kWarmUps; ++i) step(captured->inputs);
      check(cudaDeviceSynchronize(), "warming up before a capture");
      const Counters at_begin = context_->counters;
      // What the warm-up left in the allocator's cache is not the capture's to use, and cannot be
      // given back while it lasts: activations would need their memory twice.
      c10::cuda::CUDACachingAllocator::emptyCache();
      try {
        Capture capture(captured->graph, pool_);
        captured->outputs = step(captured->inputs);
        capture.end();
      } catch (...) {  // a pool that no graph holds is not taken again
        pool_ = at::cuda::graph_pool_handle();
        throw;
      }
      captured->counted = context_->counters - at_begin;
      captured->counted.graphs_replayed = 1;
    }
    for (const Tensor& output : captured->outputs) lasting(output);
    context_->choices.save();
    context_->counters = before;
    context_->counters.capture_ms += ms_since(start) - (context_->choices.search_ms() - searched);
    return captured;
  }

  std::shared_ptr<DeviceContext> context_;
  at::cuda::MempoolId_t pool_ = at::cuda::graph_pool_handle();
  std::map<std::string, std::unique_ptr<StepGraph>> graphs_;
  std::map<std::string, std::vector<Tensor>> kept_;
  std::set<const void*> lasting_;
};

}  // namespace

StepRunner make_step_graphs(std::shared_ptr<DeviceContext> context) {
  const auto graphs = std::make_shared<StepGraphs>(std::move(context));
  return {.keep = [graphs](const auto& tensors) { return graphs->keep(tensors); },
          .run = [graphs](const std::string& kind, const auto& inputs,
                          const auto& step) { return graphs->run(kind, inputs, step); }};
}

}  // namespace sameseed::cuda
