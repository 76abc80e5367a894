#include "pipeline/cuda/convolution.h"

#include <cudnn_frontend.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

#include "pipeline/cuda/timing.h"

namespace sameseed::cuda {
namespace {

using nlohmann::json;
namespace fe = cudnn_frontend;

constexpr int kPlans = 16;  // of those that the heuristics name, best first
constexpr int kRounds = 3, kCalls = 5;

void check(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS)
    throw std::runtime_error(fmt::format("cuDNN: {}: {}", what, cudnnGetErrorString(status)));
}

void check(fe::error_t error, const char* what) {
  if (error.is_bad())
    throw std::runtime_error(fmt::format("cuDNN: {}: {}", what, error.get_message()));
}

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

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
  return fmt::format("convolution {}x{}x{}x{} to {} kernel {} stride {} {} sums in {}", s.n,
                     s.height, s.width, s.in, s.out, s.kernel, s.stride,
                     s.type == CUDNN_DATA_HALF ? "fp16" : "bf16", s.half_sums ? "fp16" : "fp32");
}

struct Convolution::Plan {
  virtual ~Plan() = default;
  virtual void run(cudnnHandle_t handle, const void* x, const void* w, void* y,
                   void* workspace) = 0;
};

struct Convolution::GraphPlan final : Convolution::Plan {
  static constexpr std::int64_t kX = 1, kW = 2, kY = 3;
  fe::graph::Graph graph;
  std::int64_t chosen = -1;

  GraphPlan(cudnnHandle_t handle, const ConvolutionShape& s) {
    const fe::DataType_t type =
        s.type == CUDNN_DATA_HALF ? fe::DataType_t::HALF : fe::DataType_t::BFLOAT16;
    graph.set_io_data_type(type)
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    const auto tensor = [&](const char* name, std::int64_t uid, std::int64_t n, std::int64_t c,
                            std::int64_t h, std::int64_t w) {
      return graph.tensor(fe::graph::Tensor_attributes()
                              .set_name(name)
                              .set_uid(uid)
                              .set_dim({n, c, h, w})
                              .set_stride({h * w * c, 1, w * c, c}));
    };
    const auto x = tensor("x", kX, s.n, s.in, s.height, s.width);
    const auto w = tensor("w", kW, s.out, s.in, s.kernel, s.kernel);
    const auto y = graph.conv_fprop(x, w,
                                    fe::graph::Conv_fprop_attributes()
                                        .set_padding({s.padding, s.padding})
                                        .set_stride({s.stride, s.stride})
                                        .set_dilation({1, 1}));
    y->set_output(true).set_uid(kY).set_stride(
        {s.out_height() * s.out_width() * s.out, 1, s.out_width() * s.out, s.out});
    check(graph.validate(), "a convolution's graph");
    check(graph.build_operation_graph(handle), "a convolution's graph");
    check(graph.create_execution_plans({fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK}),
          "plans for a convolution");
  }

  std::string name(std::int64_t index) const {
    std::string text;
    check(graph.get_plan_name_at_index(index, text), "a plan's name");
    return text;
  }

  bool build(cudnnHandle_t handle, std::int64_t index, std::size_t most_workspace) {
    std::int64_t bytes = 0;
    return graph.build_plan_at_index(handle, index).is_good() &&
           graph.get_workspace_size_plan_at_index(index, bytes).is_good() &&
           bytes <= static_cast<std::int64_t>(most_workspace);
  }

  fe::error_t execute(cudnnHandle_t handle, std::int64_t index, const void* x, const void* w,
                      void* y, void* workspace) const {
    std::unordered_map<std::int64_t, void*> pointers = {
        {kX, const_cast<void*>(x)}, {kW, const_cast<void*>(w)}, {kY, y}};
    return graph.execute_plan_at_index(handle, pointers, workspace, index);
  }

  void run(cudnnHandle_t handle, const void* x, const void* w, void* y, void* workspace) override {
    check(execute(handle, chosen, x, w, y, workspace), "a convolution");
  }
};

struct Convolution::LegacyPlan final : Convolution::Plan {
  TensorDescriptor x, y;
  FilterDescriptor w;
  ConvolutionDescriptor convolution;
  static constexpr cudnnConvolutionFwdAlgo_t kAlgorithm =
      CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
  std::size_t bytes = 0;

  explicit LegacyPlan(const ConvolutionShape& s) {
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

  void run(cudnnHandle_t handle, const void* from, const void* weights, void* to,
           void* workspace) override {
    const float one = 1, zero = 0;
    check(cudnnConvolutionForward(handle, &one, x.get(), from, w.get(), weights, convolution.get(),
                                  kAlgorithm, workspace, bytes, &zero, y.get(), to),
          "a convolution with sums in fp16");
  }
};

Convolution::Convolution(Choices& choices, void* workspace, std::size_t workspace_bytes,
                         cudaStream_t stream)
    : choices_(choices), workspace_(workspace), workspace_bytes_(workspace_bytes) {
  check(cudnnCreate(&handle_), "a handle");
  check(cudnnSetStream(handle_, stream), "a stream");
}

Convolution::~Convolution() { cudnnDestroy(handle_); }

bool Convolution::supports(const ConvolutionShape& s) {
  if (!s.half_sums) return true;
  // Tensor cores need whole vectors of channels; without them this API runs a hundred times slower.
  if (s.in % 8 != 0 || s.out % 8 != 0 || s.type != CUDNN_DATA_HALF) return false;
  return LegacyPlan(s).fits(handle_, workspace_bytes_);
}

Convolution::Plan& Convolution::plan(const ConvolutionShape& s, const void* x, const void* w,
                                     void* y, cudaStream_t stream) {
  auto& kept = plans_[s];
  if (kept) return *kept;
  const std::string name = to_string(s);
  const auto start = std::chrono::steady_clock::now();
  if (s.half_sums) {
    auto plan = std::make_unique<LegacyPlan>(s);
    if (!plan->fits(handle_, workspace_bytes_))
      throw std::runtime_error("cuDNN: no algorithm for " + name);
    choices_.keep(name, {{"algorithm", "legacy IMPLICIT_PRECOMP_GEMM"}});
    return *(kept = std::move(plan));
  }
  auto plan = std::make_unique<GraphPlan>(handle_, s);
  const std::int64_t count = plan->graph.get_execution_plan_count();
  const json known = choices_.find(name);
  for (std::int64_t i = 0; i < count && !known.is_null(); ++i) {
    if (plan->name(i) != known.value("algorithm", "")) continue;
    if (!plan->build(handle_, i, workspace_bytes_)) break;
    plan->chosen = i;
    return *(kept = std::move(plan));
  }
  double best = -1;
  int tried = 0;
  for (std::int64_t i = 0; i < count && tried < kPlans; ++i) {
    if (!plan->build(handle_, i, workspace_bytes_) ||
        plan->execute(handle_, i, x, w, y, workspace_).is_bad())
      continue;
    ++tried;
    const double ms = median_ms(stream, kRounds, kCalls,
                                [&] { (void)plan->execute(handle_, i, x, w, y, workspace_); });
    if (best >= 0 && ms >= best) continue;
    best = ms;
    plan->chosen = i;
  }
  if (best < 0) throw std::runtime_error("cuDNN: no plan runs for " + name);
  choices_.add_search(ms_since(start));
  choices_.keep(name, {{"algorithm", plan->name(plan->chosen)}, {"ms", best}, {"tried", tried}});
  return *(kept = std::move(plan));
}

void Convolution::run(const ConvolutionShape& s, const void* x, const void* w, void* y,
                      cudaStream_t stream) {
  check(cudnnSetStream(handle_, stream), "a stream");
  plan(s, x, w, y, stream).run(handle_, x, w, y, workspace_);
}

}  // namespace sameseed::cuda
