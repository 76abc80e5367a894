#include "pipeline/cuda/fp8_matmul.h"

#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "io/elapsed.h"
#include "pipeline/cuda/cublaslt.h"
#include "pipeline/engine.h"

namespace sameseed::cuda {
namespace {

constexpr int kFp8Algorithms = 24;  // asked of the heuristics for a shape
constexpr int kFp8Rounds = 5, kFp8Calls = 8;

// One chain over all of k, as the model has it: a chain in parts would lose less.
bool adds_in_one_chain(const cublasLtMatmulAlgo_t& algorithm) {
  return lt::setting<int>(algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM) <= 1;
}

}  // namespace

std::string to_string(const Fp8MatmulShape& s) {
  return fmt::format("fp8 matmul {}x{}x{} {} {} sums to {}{}{}", s.m, s.n, s.k,
                     s.row_scales ? "row scales" : "tensor scales", s.fast ? "fast" : "exact",
                     s.out == CUDA_R_16F ? "fp16" : "fp32", s.bias ? " bias" : "",
                     s.residual ? " residual" : "");
}

struct Fp8Matmul::Plan : lt::Plan {};

Fp8Matmul::Fp8Matmul(Choices& choices, void* workspace, std::size_t workspace_bytes)
    : choices_(choices), workspace_(workspace), workspace_bytes_(workspace_bytes) {
  lt::check(cublasLtCreate(&handle_), "a handle");
}

Fp8Matmul::~Fp8Matmul() { cublasLtDestroy(handle_); }

std::unique_ptr<Fp8Matmul::Plan> Fp8Matmul::described(const Fp8MatmulShape& s) const {
  auto plan = std::make_unique<Plan>();
  cublasLtMatmulDesc_t operation = nullptr;
  lt::check(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F), "an operation");
  plan->operation.reset(operation);
  lt::set(operation, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  lt::set(operation, CUBLASLT_MATMUL_DESC_FAST_ACCUM, static_cast<std::int8_t>(s.fast ? 1 : 0));
  const std::int32_t mode = s.row_scales ? CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F
                                         : CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F;
  lt::set(operation, CUBLASLT_MATMUL_DESC_A_SCALE_MODE, mode);
  lt::set(operation, CUBLASLT_MATMUL_DESC_B_SCALE_MODE, mode);
  if (s.bias) {
    lt::set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    lt::set(operation, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, static_cast<std::int32_t>(CUDA_R_16F));
  }
  plan->w = lt::layout(CUDA_R_8F_E4M3, s.k, s.n);
  plan->x = lt::layout(CUDA_R_8F_E4M3, s.k, s.m);
  plan->y = lt::layout(s.out, s.n, s.m);
  return plan;
}

cublasStatus_t Fp8Matmul::call(const Plan& plan, const Fp8MatmulShape& s, const Fp8Operands& o,
                               const cublasLtMatmulAlgo_t& algorithm, std::size_t workspace_bytes,
                               cudaStream_t stream) const {
  const float one = 1, beta = s.residual ? 1.0f : 0.0f;
  return cublasLtMatmul(handle_, plan.operation.get(), &one, o.w, plan.w.get(), o.x, plan.x.get(),
                        &beta, s.residual ? o.residual : o.y, plan.y.get(), o.y, plan.y.get(),
                        &algorithm, workspace_, workspace_bytes, stream);
}

void Fp8Matmul::search(const Fp8MatmulShape& s, const Fp8Operands& operands, Plan& plan,
                       cudaStream_t stream) {
  const auto start = std::chrono::steady_clock::now();
  const std::string name = to_string(s);
  cublasLtMatmulPreference_t made = nullptr;
  lt::check(cublasLtMatmulPreferenceCreate(&made), "a preference");
  const lt::Preference preference(made);
  lt::check(cublasLtMatmulPreferenceSetAttribute(made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                 &workspace_bytes_, sizeof(workspace_bytes_)),
            "the workspace's limit");
  std::vector<cublasLtMatmulHeuristicResult_t> found(kFp8Algorithms);
  int count = 0;
  if (cublasLtMatmulAlgoGetHeuristic(handle_, plan.operation.get(), plan.w.get(), plan.x.get(),
                                     plan.y.get(), plan.y.get(), made, kFp8Algorithms, found.data(),
                                     &count) != CUBLAS_STATUS_SUCCESS)
    count = 0;
  found.resize(static_cast<std::size_t>(count));
  const auto run = [&](const cublasLtMatmulHeuristicResult_t& candidate, cudaStream_t on) {
    return call(plan, s, operands, candidate.algo, candidate.workspaceSize, on) ==
           CUBLAS_STATUS_SUCCESS;
  };
  std::erase_if(found, [&](const cublasLtMatmulHeuristicResult_t& candidate) {
    return !adds_in_one_chain(candidate.algo);
  });
  const std::size_t fitting = found.size();
  std::erase_if(found, [&](const auto& candidate) { return !run(candidate, stream); });
  const Fastest best =
      fastest(static_cast<int>(found.size()), kFp8Rounds, kFp8Calls,
              [&](int i, cudaStream_t on) { return run(found[static_cast<std::size_t>(i)], on); });
  if (best.index < 0)
    throw Unsupported(fmt::format(
        "load.linear: cuBLASLt has no algorithm for {} on this GPU ({} named, {} of them "
        "in one chain, none of which runs){}",
        name, count, fitting, s.row_scales ? "; \"fp8-tensor\" asks less of it" : ""));
  choices_.add_search(ms_since(start));
  choices_.keep(name, lt::take(found[static_cast<std::size_t>(best.index)], best, plan));
}

void Fp8Matmul::run(const Fp8MatmulShape& s, const Fp8Operands& operands, cudaStream_t stream) {
  auto& kept = plans_[s];
  std::unique_ptr<Plan> made = kept ? nullptr : described(s);
  Plan& plan = kept ? *kept : *made;
  cublasLtMatmulDesc_t operation = plan.operation.get();
  lt::set(operation, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, operands.w_scales);
  lt::set(operation, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, operands.x_scales);
  if (s.bias) lt::set(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, operands.bias);
  if (made) {
    if (!lt::take_known(choices_.find(to_string(s)), handle_, workspace_bytes_, plan))
      search(s, operands, plan, stream);
    kept = std::move(made);
  }
  lt::check(call(plan, s, operands, plan.algorithm, plan.workspace_bytes, stream), "a product");
}

}  // namespace sameseed::cuda
