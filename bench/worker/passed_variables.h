// The whole list of variables that reach a worker from the caller's shell. What is not here, in an
// axis of the matrix or kept with --keep-env does not: it could change pictures or times, and no
// report would say so.
#pragma once

namespace sameseed {

struct PassedVariable {
  const char *name, *reason;
};

inline constexpr PassedVariable kPassedVariables[] = {
    {"PATH", "finds the programs of outside engines"},
    {"HOME", "libraries keep their settings and caches below it"},
    {"USER", "libraries name temporary folders by it"},
    {"LOGNAME", "the same"},
    {"TMPDIR", "where temporary files go"},
    {"XDG_CACHE_HOME", "where chosen algorithms are kept; --cold does without them"},
    {"TZ", "times in logs"},
    {"LANG", "the encoding of file names and messages"},
    {"LANGUAGE", "the language of messages"},
    {"LC_ALL", "the encoding of file names and messages"},
    {"LC_CTYPE", "the same"},
    {"LC_MESSAGES", "the language of messages"},
    // Names of devices and libraries. What they lead to is in the cohort: the device, and the
    // versions that the worker reports.
    {"LD_LIBRARY_PATH", "where the loader finds CUDA's libraries"},
    {"PYTHONPATH", "where an outside engine finds its libraries"},
    {"VIRTUAL_ENV", "the same"},
    {"CUDA_VISIBLE_DEVICES", "the GPUs that may be used"},
    {"CUDA_DEVICE_ORDER", "how they are counted"},
    {"NVIDIA_VISIBLE_DEVICES", "the GPUs that a container may use"},
    {"CUDA_MPS_PIPE_DIRECTORY", "reaches the GPU where NVIDIA's MPS shares it"},
    {"CUDA_MPS_LOG_DIRECTORY", "the same"},
};

// Names that begin so are known to change pictures or times. One that is set and does not reach the
// workers is worth a warning.
inline constexpr const char* kSwitchPrefixes[] = {
    "ONEFLOW_",   "TORCH_",    "PYTORCH_",       "ATEN_",    "CUDA_",   "CUDNN_",   "CUBLAS",
    "NVIDIA_",    "NCCL_",     "OMP_",           "GOMP_",    "KMP_",    "MKL_",     "ONEDNN_",
    "DNNL_",      "OPENBLAS_", "OPENCV_",        "BLIS_",    "MALLOC_", "TF32_",    "XLA_",
    "LD_PRELOAD", "LD_AUDIT",  "GLIBC_TUNABLES", "LD_BIND_", "VECLIB",  "NUMEXPR_", "TRITON_"};

// Of those, what a container or an installation says of itself; no library computes by it.
inline constexpr const char* kNoSwitches[] = {
    "CUDA_VERSION",    "CUDA_HOME",          "CUDA_PATH",  "CUDA_ROOT",
    "NVIDIA_REQUIRE_", "NVIDIA_DRIVER_CAPA", "NVIDIA_PRO", "NVIDIA_BUILD_",
    "TORCH_HOME",      "PYTORCH_VERSION",    "NV_"};

}  // namespace sameseed
