#include "pipeline/cuda/convolution.h"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "pipeline/cuda/cudnn_graph.h"
#include "pipeline/cuda/kernels/kernels.h"
#include "pipeline/cuda/timing.h"
#include "pipeline/engine.h"

namespace sameseed::cuda {
namespace {

constexpr int kRounds = 3, kCalls = 5;

// A legacy descriptor and the functions of its life.
template <typename Handle, cudnnStatus_t (*kCreate)(Handle*), cudnnStatus_t (*kDestroy)(Handle)>
class Descriptor {
 public:
  Descriptor() { check(kCreate(&handle_), "a descriptor"); }
  ~Descriptor() { kDestroy(handle_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Handle get() const { return handle_; }

 private:
  Handle handle_ = nullptr;
};
using TensorDescriptor =
    Descriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using FilterDescriptor =
    Descriptor<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using ConvolutionDescriptor =
    Descriptor<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
               cudnnDestroyConvolutionDescriptor>;

}  // namespace

std::string to_string(const ConvolutionShape& s) {
  return fmt::format(
      "convolution {}x{}x{}x{} to {} kernel {} stride {} padding {} {} sums in {}{}{}", s.n,
      s.height, s.width, s.in, s.out, s.kernel, s.stride, s.padding,
      s.type == CUDNN_DATA_HALF ? "fp16" : "bf16", s.half_sums ? "fp16" : "fp32",
      s.bias ? " bias" : "", s.residual ? " residual" : "");
}

struct Convolution::Tensors {
  const void *x, *w, *bias, *residual;
  void* y;
};

struct Convolution::Plan {
  virtual ~Plan() = default;
  virtual void run(cudnnHandle_t handle, const Tensors& tensors, void* workspace,
                   cudaStream_t stream) = 0;
};

namespace {

// Adds what a convolution without an epilogue leaves out.
void add_behind(const ConvolutionShape& s, void* y, const void* bias, const void* residual,
                cudaStream_t stream) {
  if (s.bias || s.residual)
    add_bias(y, bias, residual, s.n * s.out_height() * s.out_width(), s.out,
             s.type == CUDNN_DATA_HALF ? Half::kFp16 : Half::kBf16, stream);
}

}  // namespace

struct Convolution::GraphPlan final : Convolution::Plan {
  ConvolutionShape shape;
  bool fused;  // bias and residual are part of the graph
  CudnnGraph graph;

  GraphPlan(cudnnHandle_t handle, const ConvolutionShape& s, bool with_epilogue)
      : shape(s), fused(with_epilogue), graph(CudnnGraph::convolution(handle, graph_shape())) {}

  ConvolutionShape graph_shape() const {
    ConvolutionShape inner = shape;
    if (!fused) inner.bias = inner.residual = false;
    return inner;
  }

  std::vector<void*> list(const Tensors& t) const {
    std::vector<void*> tensors = {const_cast<void*>(t.x), const_cast<void*>(t.w), t.y};
    if (fused && shape.bias) tensors.push_back(const_cast<void*>(t.bias));
    if (fused && shape.residual) tensors.push_back(const_cast<void*>(t.residual));
    return tensors;
  }

  void run(cudnnHandle_t, const Tensors& t, void* workspace, cudaStream_t stream) override {
    graph.run(list(t), workspace);
    if (!fused) add_behind(shape, t.y, t.bias, t.residual, stream);
  }
};

struct Convolution::LegacyPlan final : Convolution::Plan {
  ConvolutionShape shape;
  TensorDescriptor x, y;
  FilterDescriptor w;
  ConvolutionDescriptor convolution;
  static constexpr cudnnConvolutionFwdAlgo_t kAlgorithm =
      CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
  std::size_t bytes = 0;

  explicit LegacyPlan(const ConvolutionShape& s) : shape(s) {
    const auto number = [](std::int64_t value) { return static_cast<int>(value); };
    check(cudnnSetTensor4dDescriptor(x.get(), CUDNN_TENSOR_NHWC, s.type, number(s.n), number(s.in),
                                     number(s.height), number(s.width)),
          "a picture");
    check(cudnnSetTensor4dDescriptor(y.get(), CUDNN_TENSOR_NHWC, s.type, number(s.n), number(s.out),
                                     number(s.out_height()), number(s.out_width())),
          "a picture");
    check(cudnnSetFilter4dDescriptor(w.get(), s.type, CUDNN_TENSOR_NHWC, number(s.out),
                                     number(s.in), number(s.kernel), number(s.kernel)),
          "weights");
    check(cudnnSetConvolution2dDescriptor(convolution.get(), number(s.padding), number(s.padding),
                                          number(s.stride), number(s.stride), 1, 1,
                                          CUDNN_CROSS_CORRELATION, CUDNN_DATA_HALF),
          "a convolution");
    check(cudnnSetConvolutionMathType(convolution.get(), CUDNN_TENSOR_OP_MATH), "tensor cores");
  }

  // Whether the library has this algorithm for these types, and its workspace fits.
  bool fits(cudnnHandle_t handle, std::size_t most_workspace) {
    return cudnnGetConvolutionForwardWorkspaceSize(handle, x.get(), w.get(), convolution.get(),
                                                   y.get(), kAlgorithm,
                                                   &bytes) == CUDNN_STATUS_SUCCESS &&
           bytes <= most_workspace;
  }

  void run(cudnnHandle_t handle, const Tensors& t, void* workspace, cudaStream_t stream) override {
    const float one = 1, zero = 0;
    check(cudnnConvolutionForward(handle, &one, x.get(), t.x, w.get(), t.w, convolution.get(),
                                  kAlgorithm, workspace, bytes, &zero, y.get(), t.y),
          "a convolution with sums in fp16");
    add_behind(shape, t.y, t.bias, t.residual, stream);
  }
};

Convolution::Convolution(Choices& choices, void* workspace, std::size_t workspace_bytes)
    : choices_(choices), workspace_(workspace), workspace_bytes_(workspace_bytes) {}

Convolution::~Convolution() = default;

std::unique_ptr<Convolution::Plan> Convolution::search(const ConvolutionShape& s, const Tensors& t,
                                                       cudaStream_t stream) {
  const cudnnHandle_t handle = handle_.on(stream);
  if (s.half_sums) {
    auto plan = std::make_unique<LegacyPlan>(s);
    if (!plan->fits(handle, workspace_bytes_))
      throw Unsupported(
          "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION: cuDNN has no algorithm for " +
          to_string(s));
    choices_.keep(to_string(s), {{"algorithm", "legacy IMPLICIT_PRECOMP_GEMM"}});
    return plan;
  }
  const auto choose = [&](GraphPlan& plan) {
    return plan.graph.choose(to_string(plan.graph_shape()), choices_, plan.list(t), workspace_,
                             workspace_bytes_, stream);
  };
  const auto make = [&](bool with_epilogue) {
    return std::make_unique<GraphPlan>(handle, s, with_epilogue);
  };
  if (!s.bias && !s.residual) {
    auto plan = make(false);
    choose(*plan);
    return plan;
  }
  // Where bias and residual are added is chosen once as well: two ways that take the same time must
  // not make two processes differ.
  const std::string where = "epilogue of " + to_string(s);
  if (const nlohmann::json known = choices_.find(where); !known.is_null()) {
    auto plan = make(known.value("algorithm", "") == "in the convolution");
    choose(*plan);
    return plan;
  }
  auto plain = make(false);
  const double plain_ms = choose(*plain);
  const double behind_ms = median_ms(kRounds, kCalls, [&](cudaStream_t on) {
    add_behind(s, t.y, t.bias, t.residual, on);
    return true;
  });
  const auto keep = [&](const char* algorithm, double ms) {
    choices_.keep(where, {{"algorithm", algorithm}, {"ms", ms}});
  };
  try {
    auto fused = make(true);
    if (const double ms = choose(*fused); ms < plain_ms + behind_ms) {
      keep("in the convolution", ms);
      return fused;
    }
  } catch (const std::runtime_error&) {  // no engine has this epilogue: the other way it is
  }
  keep("behind the convolution", plain_ms + behind_ms);
  return plain;
}

void Convolution::run(const ConvolutionShape& s, const void* x, const void* w, const void* bias,
                      const void* residual, void* y, cudaStream_t stream) {
  const Tensors tensors{x, w, bias, residual, y};
  auto& plan = plans_[s];
  if (!plan) plan = search(s, tensors, stream);
  plan->run(handle_.on(stream), tensors, workspace_, stream);
}

}  // namespace sameseed::cuda
