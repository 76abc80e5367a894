#include "pipeline/cuda/matmul.h"

#include <cuda_fp16.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <vector>

#include "io/elapsed.h"
#include "pipeline/cuda/cublaslt.h"
#include "pipeline/engine.h"

namespace sameseed::cuda {
namespace {

constexpr int kAlgorithms = 24;  // asked of the heuristics for a shape
constexpr int kRounds = 5, kCalls = 8;

// alpha or beta in the type that the sums have.
struct Factor {
  float single;
  __half half;
  explicit Factor(float value) : single(value), half(__float2half(value)) {}
  const void* of(bool half_sums) const {
    return half_sums ? static_cast<const void*>(&half) : static_cast<const void*>(&single);
  }
};

}  // namespace

std::string to_string(const MatmulShape& s) {
  return fmt::format("matmul {}x{}x{} {} sums in {}{}{}", s.m, s.n, s.k,
                     s.type == CUDA_R_16F ? "fp16" : "bf16", s.half_sums ? "fp16" : "fp32",
                     s.bias ? " bias" : "", s.residual ? " residual" : "");
}

struct Matmul::Plan : lt::Plan {};

Matmul::Matmul(Choices& choices, void* workspace, std::size_t workspace_bytes)
    : choices_(choices), workspace_(workspace), workspace_bytes_(workspace_bytes) {
  lt::check(cublasLtCreate(&handle_), "a handle");
}

Matmul::~Matmul() { cublasLtDestroy(handle_); }

const Matmul::Plan& Matmul::plan(const MatmulShape& s, const void* x, const void* w,
                                 const void* bias, const void* residual, void* y,
                                 cudaStream_t stream) {
  auto& kept = plans_[s];
  if (kept) return *kept;
  auto plan = std::make_unique<Plan>();
  cublasLtMatmulDesc_t operation = nullptr;
  lt::check(
      cublasLtMatmulDescCreate(&operation, s.half_sums ? CUBLAS_COMPUTE_16F : CUBLAS_COMPUTE_32F,
                               s.half_sums ? CUDA_R_16F : CUDA_R_32F),
      "an operation");
  plan->operation.reset(operation);
  lt::set(operation, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  if (s.bias) {
    lt::set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    lt::set(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  }
  plan->w = lt::layout(s.type, s.k, s.n);
  plan->x = lt::layout(s.type, s.k, s.m);
  plan->y = lt::layout(s.type, s.n, s.m);

  const std::string name = to_string(s);
  if (lt::take_known(choices_.find(name), handle_, workspace_bytes_, *plan))
    return *(kept = std::move(plan));

  const auto start = std::chrono::steady_clock::now();
  // Sums in fp16 are one chain over all of k, as the tensor-core model and OneFlow's kernels have
  // them: a chain in parts would round less, and the switch would seem gentler than it is.
  const auto one_chain = [&](cublasLtMatmulPreference_t preference) {
    const std::uint32_t none = CUBLASLT_REDUCTION_SCHEME_NONE;
    if (s.half_sums)
      lt::check(cublasLtMatmulPreferenceSetAttribute(
                    preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &none, sizeof(none)),
                "the reduction schemes");
  };
  std::vector<cublasLtMatmulHeuristicResult_t> found =
      lt::named(handle_, *plan, workspace_bytes_, kAlgorithms, one_chain);
  if (found.empty() && s.half_sums)
    throw Unsupported(
        "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION: cuBLASLt has no algorithm for " + name);
  if (found.empty()) throw std::runtime_error("cuBLASLt: no algorithm for " + name);
  const Factor one(1), beta(s.residual ? 1.0f : 0.0f);
  const auto call = [&](const cublasLtMatmulHeuristicResult_t& candidate, cudaStream_t on) {
    return cublasLtMatmul(handle_, operation, one.of(s.half_sums), w, plan->w.get(), x,
                          plan->x.get(), beta.of(s.half_sums), s.residual ? residual : y,
                          plan->y.get(), y, plan->y.get(), &candidate.algo, workspace_,
                          candidate.workspaceSize, on);
  };
  // Outside a capture first: what fails there need not be tried inside one.
  std::erase_if(found, [&](const cublasLtMatmulHeuristicResult_t& candidate) {
    return call(candidate, stream) != CUBLAS_STATUS_SUCCESS;
  });
  const auto count = static_cast<int>(found.size());
  const Fastest best = fastest(count, kRounds, kCalls, [&](int i, cudaStream_t on) {
    return call(found[static_cast<std::size_t>(i)], on) == CUBLAS_STATUS_SUCCESS;
  });
  if (best.index < 0) throw std::runtime_error("cuBLASLt: no algorithm runs for " + name);
  choices_.add_search(ms_since(start));
  choices_.keep(name, lt::take(found[static_cast<std::size_t>(best.index)], best, *plan));
  return *(kept = std::move(plan));
}

void Matmul::run(const MatmulShape& s, const void* x, const void* w, const void* bias,
                 const void* residual, void* y, cudaStream_t stream) {
  const Plan& plan = this->plan(s, x, w, bias, residual, y, stream);
  if (s.bias) lt::set(plan.operation.get(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  const Factor one(1), beta(s.residual ? 1.0f : 0.0f);
  lt::check(
      cublasLtMatmul(handle_, plan.operation.get(), one.of(s.half_sums), w, plan.w.get(), x,
                     plan.x.get(), beta.of(s.half_sums), s.residual ? residual : y, plan.y.get(), y,
                     plan.y.get(), &plan.algorithm, workspace_, plan.workspace_bytes, stream),
      "a product");
}

}  // namespace sameseed::cuda
