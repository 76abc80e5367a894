#include "pipeline/cuda/cudnn_graph.h"

#include <cudnn_frontend.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "io/elapsed.h"
#include "pipeline/cuda/attention.h"
#include "pipeline/cuda/convolution.h"
#include "pipeline/cuda/cudnn_handle.h"
#include "pipeline/cuda/fastest.h"

namespace sameseed::cuda {
namespace {

using nlohmann::json;
namespace fe = cudnn_frontend;

constexpr std::size_t kPlans = 10;  // of those that the heuristics name, best first
constexpr int kRounds = 3, kCalls = 5;

void check(fe::error_t error, const char* what) {
  if (error.is_bad())
    throw std::runtime_error(fmt::format("cuDNN: {}: {}", what, error.get_message()));
}

fe::DataType_t type_of(cudnnDataType_t type) {
  return type == CUDNN_DATA_HALF ? fe::DataType_t::HALF : fe::DataType_t::BFLOAT16;
}

using Tensor = std::shared_ptr<fe::graph::Tensor_attributes>;

// Tensors are numbered in the order of the list that `run` takes.
Tensor tensor(fe::graph::Graph& graph, std::int64_t number, const std::vector<std::int64_t>& sizes,
              const std::vector<std::int64_t>& strides) {
  return graph.tensor(fe::graph::Tensor_attributes()
                          .set_name(fmt::format("t{}", number))
                          .set_uid(number)
                          .set_dim(sizes)
                          .set_stride(strides));
}

}  // namespace

struct CudnnGraph::Impl {
  cudnnHandle_t handle;
  fe::graph::Graph graph;
  std::int64_t chosen = -1;

  Impl(cudnnHandle_t on, cudnnDataType_t type) : handle(on) {
    graph.set_io_data_type(type_of(type))
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
  }

  void plan() {
    check(graph.validate(), "a graph");
    check(graph.build_operation_graph(handle), "a graph");
    check(graph.create_execution_plans({fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK}), "plans");
  }

  std::string name(std::int64_t index) const {
    std::string text;
    check(graph.get_plan_name_at_index(index, text), "a plan's name");
    return text;
  }

  bool build(std::int64_t index, std::size_t most_workspace) {
    std::int64_t bytes = 0;
    return graph.build_plan_at_index(handle, index).is_good() &&
           graph.get_workspace_size_plan_at_index(index, bytes).is_good() &&
           bytes <= static_cast<std::int64_t>(most_workspace);
  }

  fe::error_t execute(std::int64_t index, const std::vector<void*>& tensors,
                      void* workspace) const {
    std::unordered_map<std::int64_t, void*> pointers;
    for (std::size_t i = 0; i < tensors.size(); ++i)
      pointers[static_cast<std::int64_t>(i) + 1] = tensors[i];
    return graph.execute_plan_at_index(handle, pointers, workspace, index);
  }
};

CudnnGraph::CudnnGraph(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CudnnGraph::CudnnGraph(CudnnGraph&&) noexcept = default;
CudnnGraph::~CudnnGraph() = default;

CudnnGraph CudnnGraph::convolution(cudnnHandle_t handle, const ConvolutionShape& s) {
  auto impl = std::make_unique<Impl>(handle, s.type);
  fe::graph::Graph& graph = impl->graph;
  const auto picture = [&](std::int64_t number, std::int64_t n, std::int64_t c, std::int64_t h,
                           std::int64_t w) {
    return tensor(graph, number, {n, c, h, w}, {h * w * c, 1, w * c, c});
  };
  std::int64_t number = 3;
  Tensor y = graph.conv_fprop(picture(1, s.n, s.in, s.height, s.width),
                              picture(2, s.out, s.in, s.kernel, s.kernel),
                              fe::graph::Conv_fprop_attributes()
                                  .set_padding({s.padding, s.padding})
                                  .set_stride({s.stride, s.stride})
                                  .set_dilation({1, 1}));
  const auto add = fe::graph::Pointwise_attributes().set_mode(fe::PointwiseMode_t::ADD);
  if (s.bias) y = graph.pointwise(y, picture(++number, 1, s.out, 1, 1), add);
  if (s.residual)
    y = graph.pointwise(y, picture(++number, s.n, s.out, s.out_height(), s.out_width()), add);
  y->set_output(true).set_uid(3).set_stride(
      {s.out_height() * s.out_width() * s.out, 1, s.out_width() * s.out, s.out});
  impl->plan();
  return CudnnGraph(std::move(impl));
}

CudnnGraph CudnnGraph::attention(cudnnHandle_t handle, const AttentionShape& s) {
  auto impl = std::make_unique<Impl>(handle, s.type);
  fe::graph::Graph& graph = impl->graph;
  const auto tokens = [&](std::int64_t number, std::int64_t count, std::int64_t stride) {
    return tensor(graph, number, {s.n, s.heads, count, s.width},
                  {count * stride, s.width, stride, 1});
  };
  const auto options = fe::graph::SDPA_attributes()
                           .set_generate_stats(false)
                           .set_causal_mask(s.causal)
                           .set_attn_scale(1 / std::sqrt(static_cast<float>(s.width)));
  const auto outputs = graph.sdpa(tokens(1, s.queries, s.q_stride), tokens(2, s.keys, s.k_stride),
                                  tokens(3, s.keys, s.v_stride), options);
  const std::int64_t stride = s.heads * s.width;
  outputs[0]
      ->set_output(true)
      .set_uid(4)
      .set_dim({s.n, s.heads, s.queries, s.width})
      .set_stride({s.queries * stride, s.width, stride, 1});
  impl->plan();
  return CudnnGraph(std::move(impl));
}

double CudnnGraph::choose(const std::string& operation, Choices& choices,
                          const std::vector<void*>& tensors, void* workspace,
                          std::size_t workspace_bytes, cudaStream_t stream) {
  const std::int64_t count = impl_->graph.get_execution_plan_count();
  const json known = choices.find(operation);
  for (std::int64_t i = 0; i < count && !known.is_null(); ++i) {
    if (impl_->name(i) != known.value("algorithm", "")) continue;
    if (!impl_->build(i, workspace_bytes)) break;
    impl_->chosen = i;
    return known.value("ms", 0.0);
  }
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::int64_t> plans;
  for (std::int64_t i = 0; i < count && plans.size() < kPlans; ++i)
    if (impl_->build(i, workspace_bytes) && impl_->execute(i, tensors, workspace).is_good())
      plans.push_back(i);
  const auto tried = static_cast<int>(plans.size());
  const Fastest best = fastest(tried, kRounds, kCalls, [&](int i, cudaStream_t on) {
    check(cudnnSetStream(impl_->handle, on), "a stream");
    const bool good =
        impl_->execute(plans[static_cast<std::size_t>(i)], tensors, workspace).is_good();
    // Back at once: the handle looks at its last stream again, and that one does not last.
    check(cudnnSetStream(impl_->handle, stream), "a stream");
    return good;
  });
  if (best.index < 0) throw std::runtime_error("cuDNN: no plan runs for " + operation);
  impl_->chosen = plans[static_cast<std::size_t>(best.index)];
  choices.add_search(ms_since(start));
  choices.keep(operation,
               {{"algorithm", impl_->name(impl_->chosen)}, {"ms", best.ms}, {"tried", best.tried}});
  return best.ms;
}

void CudnnGraph::run(const std::vector<void*>& tensors, void* workspace) {
  check(impl_->execute(impl_->chosen, tensors, workspace), "an operation");
}

}  // namespace sameseed::cuda
