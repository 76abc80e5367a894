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

struct Fp8Matmul::Plan : lt::Plan {
  const E4m3Kernel* kernel = nullptr;  // in the place of the library's algorithm
};

Fp8Matmul::Fp8Matmul(Choices& choices, int device, void* workspace, std::size_t workspace_bytes)
    : choices_(choices),
      workspace_(workspace),
      workspace_bytes_(workspace_bytes),
      kernels_(e4m3_kernels(device, /*residual=*/false)),
      kernels_with_residual_(e4m3_kernels(device, /*residual=*/true)) {
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

const std::vector<E4m3Kernel>& Fp8Matmul::kernels_for(const Fp8MatmulShape& s) const {
  if (!s.fast || !s.row_scales || s.out != CUDA_R_16F) return none_;
  return s.residual ? kernels_with_residual_ : kernels_;
}

bool Fp8Matmul::call(const E4m3Kernel& kernel, const Fp8MatmulShape& s, const Fp8Operands& o,
                     cudaStream_t stream) const {
  return kernel.run({.m = s.m,
                     .n = s.n,
                     .k = s.k,
                     .x = o.x,
                     .w = o.w,
                     .x_scales = o.x_scales,
                     .w_scales = o.w_scales,
                     .bias = s.bias ? o.bias : nullptr,
                     .residual = s.residual ? o.residual : nullptr,
                     .y = o.y},
                    kernel.swizzle, kernel.along_n, workspace_, workspace_bytes_, stream);
}

void Fp8Matmul::search(const Fp8MatmulShape& s, const Fp8Operands& operands, Plan& plan,
                       cudaStream_t stream) {
  const auto start = std::chrono::steady_clock::now();
  const std::string name = to_string(s);
  std::vector<cublasLtMatmulHeuristicResult_t> found =
      lt::named(handle_, plan, workspace_bytes_, kFp8Algorithms, [](cublasLtMatmulPreference_t) {});
  const std::size_t count = found.size();
  const auto run = [&](const cublasLtMatmulHeuristicResult_t& candidate, cudaStream_t on) {
    return call(plan, s, operands, candidate.algo, candidate.workspaceSize, on) ==
           CUBLAS_STATUS_SUCCESS;
  };
  std::erase_if(found, [&](const cublasLtMatmulHeuristicResult_t& candidate) {
    return !adds_in_one_chain(candidate.algo);
  });
  const std::size_t fitting = found.size();
  std::erase_if(found, [&](const auto& candidate) { return !run(candidate, stream); });
  const std::vector<E4m3Kernel>& kernels = kernels_for(s);
  const auto library = static_cast<int>(found.size());
  const Fastest best = fastest(
      library + static_cast<int>(kernels.size()), kFp8Rounds, kFp8Calls,
      [&](int i, cudaStream_t on) {
        return i < library ? run(found[static_cast<std::size_t>(i)], on)
                           : call(kernels[static_cast<std::size_t>(i - library)], s, operands, on);
      });
  if (best.index < 0)
    throw Unsupported(fmt::format(
        "load.linear: cuBLASLt has no algorithm for {} on this GPU ({} named, {} of them "
        "in one chain, none of which runs){}",
        name, count, fitting, s.row_scales ? "; \"fp8-tensor\" asks less of it" : ""));
  choices_.add_search(ms_since(start));
  if (best.index >= library) {
    plan.kernel = &kernels[static_cast<std::size_t>(best.index - library)];
    choices_.keep(name,
                  {{"algorithm", plan.kernel->name()}, {"ms", best.ms}, {"tried", best.tried}});
    return;
  }
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
    const nlohmann::json known = choices_.find(to_string(s));
    for (const E4m3Kernel& kernel : kernels_for(s))
      if (!known.is_null() && kernel.name() == known.value("algorithm", "")) plan.kernel = &kernel;
    if (!plan.kernel && !lt::take_known(known, handle_, workspace_bytes_, plan))
      search(s, operands, plan, stream);
    kept = std::move(made);
  }
  if (!plan.kernel)
    lt::check(call(plan, s, operands, plan.algorithm, plan.workspace_bytes, stream), "a product");
  else if (!call(*plan.kernel, s, operands, stream))
    throw std::runtime_error(plan.kernel->name() + " fails for " + to_string(s));
}

}  // namespace sameseed::cuda
