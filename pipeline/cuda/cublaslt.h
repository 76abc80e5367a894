// What programs that call cuBLASLt share: handles that free themselves, and algorithms as text.
#pragma once

#include <cublasLt.h>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/cuda/fastest.h"

namespace sameseed::cuda::lt {

inline void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(
        fmt::format("cuBLASLt: {}: {}", what, cublasLtGetStatusString(status)));
}

// A descriptor of cuBLASLt and the function that ends its life.
template <typename Handle, cublasStatus_t (*kDestroy)(Handle)>
struct Destroyer {
  using pointer = Handle;
  void operator()(Handle handle) const { kDestroy(handle); }
};
template <typename Handle, cublasStatus_t (*kDestroy)(Handle)>
using Descriptor = std::unique_ptr<void, Destroyer<Handle, kDestroy>>;
using Operation = Descriptor<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Descriptor<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Descriptor<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

inline Layout layout(cudaDataType type, std::int64_t rows, std::int64_t columns) {
  cublasLtMatrixLayout_t made = nullptr;
  check(cublasLtMatrixLayoutCreate(&made, type, static_cast<std::uint64_t>(rows),
                                   static_cast<std::uint64_t>(columns), rows),
        "a layout");
  return Layout(made);
}

template <typename Value>
void set(cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t name, const Value& value) {
  check(cublasLtMatmulDescSetAttribute(operation, name, &value, sizeof(value)), "an attribute");
}

inline std::string hex(const cublasLtMatmulAlgo_t& algorithm) {
  std::array<unsigned char, sizeof(algorithm)> bytes{};
  std::memcpy(bytes.data(), &algorithm, sizeof(algorithm));
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

// Whether the text is one.
inline bool from_hex(const std::string& text, cublasLtMatmulAlgo_t& algorithm) {
  if (text.size() != 2 * sizeof(algorithm) ||
      text.find_first_not_of("0123456789abcdef") != std::string::npos)
    return false;
  std::array<unsigned char, sizeof(algorithm)> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<unsigned char>(std::stoul(text.substr(2 * i, 2), nullptr, 16));
  std::memcpy(&algorithm, bytes.data(), sizeof(algorithm));
  return true;
}

template <typename Value>
Value setting(const cublasLtMatmulAlgo_t& algorithm, cublasLtMatmulAlgoConfigAttributes_t name) {
  Value value{};
  std::size_t written = 0;
  cublasLtMatmulAlgoConfigGetAttribute(&algorithm, name, &value, sizeof(value), &written);
  return value;
}

// CUBLASLT_NUMERICAL_IMPL_FLAGS_...: in what the algorithm multiplies and adds up.
inline std::uint64_t implementation(const cublasLtMatmulAlgo_t& algorithm) {
  std::uint64_t flags = 0;
  std::size_t written = 0;
  cublasLtMatmulAlgoCapGetAttribute(&algorithm, CUBLASLT_ALGO_CAP_NUMERICAL_IMPL_FLAGS, &flags,
                                    sizeof(flags), &written);
  return flags;
}

inline nlohmann::json describe(const cublasLtMatmulAlgo_t& algorithm) {
  return {{"id", setting<int>(algorithm, CUBLASLT_ALGO_CONFIG_ID)},
          {"tile", setting<std::uint32_t>(algorithm, CUBLASLT_ALGO_CONFIG_TILE_ID)},
          {"stages", setting<std::uint32_t>(algorithm, CUBLASLT_ALGO_CONFIG_STAGES_ID)},
          {"split_k", setting<int>(algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM)},
          {"reduction", setting<std::uint32_t>(algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME)},
          {"cluster", setting<std::uint16_t>(algorithm, CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID)},
          {"implementation", fmt::format("{:#x}", implementation(algorithm))}};
}

// A product and how it is run. In cuBLASLt's column order the transposed product is made:
// y^T [n, m] = w [n, k] * x^T [k, m].
struct Plan {
  Operation operation;
  Layout w, x, y;
  cublasLtMatmulAlgo_t algorithm{};
  std::size_t workspace_bytes = 0;
};

// What cuBLASLt names for a plan, up to `most` with the workspace and `most` without any: some
// algorithms clear theirs before each product. `limit` may restrict the preference further.
template <typename Limit>
std::vector<cublasLtMatmulHeuristicResult_t> named(cublasLtHandle_t handle, const Plan& plan,
                                                   std::size_t workspace_bytes, int most,
                                                   Limit limit) {
  cublasLtMatmulPreference_t made = nullptr;
  check(cublasLtMatmulPreferenceCreate(&made), "a preference");
  const Preference preference(made);
  limit(made);
  std::vector<cublasLtMatmulHeuristicResult_t> all;
  for (const std::size_t most_workspace : {workspace_bytes, std::size_t{0}}) {
    check(cublasLtMatmulPreferenceSetAttribute(made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                               &most_workspace, sizeof(most_workspace)),
          "the workspace's limit");
    std::vector<cublasLtMatmulHeuristicResult_t> some(static_cast<std::size_t>(most));
    int count = 0;
    if (cublasLtMatmulAlgoGetHeuristic(handle, plan.operation.get(), plan.w.get(), plan.x.get(),
                                       plan.y.get(), plan.y.get(), made, most, some.data(),
                                       &count) == CUBLAS_STATUS_SUCCESS)
      all.insert(all.end(), some.begin(), some.begin() + count);
  }
  return all;
}

// Takes the algorithm of a choice that was kept (or null), where it can run here.
inline bool take_known(const nlohmann::json& known, cublasLtHandle_t handle,
                       std::size_t most_workspace, Plan& plan) {
  if (known.is_null() || !from_hex(known.value("algorithm", ""), plan.algorithm)) return false;
  cublasLtMatmulHeuristicResult_t result{};
  if (cublasLtMatmulAlgoCheck(handle, plan.operation.get(), plan.w.get(), plan.x.get(),
                              plan.y.get(), plan.y.get(), &plan.algorithm,
                              &result) != CUBLAS_STATUS_SUCCESS ||
      result.workspaceSize > most_workspace)
    return false;
  plan.workspace_bytes = result.workspaceSize;
  return true;
}

// Takes the fastest of those that were tried, and returns the choice to keep.
inline nlohmann::json take(const cublasLtMatmulHeuristicResult_t& found, const Fastest& best,
                           Plan& plan) {
  plan.algorithm = found.algo;
  plan.workspace_bytes = found.workspaceSize;
  return {{"algorithm", hex(plan.algorithm)},
          {"ms", best.ms},
          {"tried", best.tried},
          {"settings", describe(plan.algorithm)}};
}

}  // namespace sameseed::cuda::lt
