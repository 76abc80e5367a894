# The accelerated path on NVIDIA GPUs. Its kernels apart: nvcc knows other flags, and C++17.
add_library(sameseed_kernels STATIC
  ${CMAKE_CURRENT_LIST_DIR}/kernels/elementwise.cu
  ${CMAKE_CURRENT_LIST_DIR}/kernels/e4m3_product.cc
  ${CMAKE_CURRENT_LIST_DIR}/kernels/gated_product.cc
  ${CMAKE_CURRENT_LIST_DIR}/kernels/norms.cu
  ${CMAKE_CURRENT_LIST_DIR}/kernels/quantise.cu)
target_include_directories(sameseed_kernels PRIVATE "${PROJECT_SOURCE_DIR}")
target_compile_features(sameseed_kernels PRIVATE cuda_std_17)
target_compile_options(sameseed_kernels PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings>)
target_link_libraries(sameseed_kernels PRIVATE CUDA::cudart)
if(SAMESEED_CUTLASS)
  include(${CMAKE_CURRENT_LIST_DIR}/kernels/cutlass.cmake)
endif()

sameseed_library(sameseed_cuda LIBTORCH
  SOURCES cuda/cudnn_graph.cc
  UNITS
    "cuda/attention.cc cuda/convolution.cc cuda/device_context.cc cuda/gated_matmul.cc cuda/probe.cc cuda/step_graphs.cc"
    "cuda/cuda_attention.cc cuda/cuda_backend.cc cuda/cuda_engine.cc cuda/cuda_products.cc cuda/matmul.cc"
    "cuda/cuda_fp8.cc cuda/fp8_matmul.cc"
  LIBRARIES sameseed_network sameseed_choices sameseed_kernels LibTorch::cuda CUDNN::cudnn CUDA::cublasLt CUDA::nvrtc CUDA::cudart)
# cudnn-frontend's header takes longer on top of LibTorch's precompiled one than alone.
set_source_files_properties(cuda/cudnn_graph.cc PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
