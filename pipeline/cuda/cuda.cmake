# The accelerated path on NVIDIA GPUs. Its kernels apart: nvcc knows other flags, and C++17.
add_library(sameseed_kernels STATIC 
  ${CMAKE_CURRENT_LIST_DIR}/kernels/elementwise.cu
  ${CMAKE_CURRENT_LIST_DIR}/kernels/norms.cu)
target_include_directories(sameseed_kernels PRIVATE "${PROJECT_SOURCE_DIR}")
target_compile_features(sameseed_kernels PRIVATE cuda_std_17)
target_compile_options(sameseed_kernels PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings>)

sameseed_library(sameseed_cuda LIBTORCH
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/attention.cc
    ${CMAKE_CURRENT_LIST_DIR}/convolution.cc
    ${CMAKE_CURRENT_LIST_DIR}/cuda_attention.cc
    ${CMAKE_CURRENT_LIST_DIR}/cuda_backend.cc
    ${CMAKE_CURRENT_LIST_DIR}/cuda_engine.cc
    ${CMAKE_CURRENT_LIST_DIR}/cuda_products.cc
    ${CMAKE_CURRENT_LIST_DIR}/cudnn_graph.cc
    ${CMAKE_CURRENT_LIST_DIR}/device_context.cc
    ${CMAKE_CURRENT_LIST_DIR}/matmul.cc
    ${CMAKE_CURRENT_LIST_DIR}/probe.cc
    ${CMAKE_CURRENT_LIST_DIR}/step_graphs.cc
  LIBRARIES sameseed_network sameseed_choices sameseed_kernels LibTorch::cuda CUDNN::cudnn CUDA::cublasLt CUDA::nvrtc CUDA::cudart)
