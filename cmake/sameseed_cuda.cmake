# Whether the GPU half can be built here, and for which GPUs: SAMESEED_CUDA.
option(SAMESEED_WITHOUT_CUDA "leave out the GPU half even where it could be built" OFF)
set(SAMESEED_CUDA OFF)
if(SAMESEED_WITHOUT_LIBTORCH OR SAMESEED_WITHOUT_CUDA)
  return()
endif()
find_program(SAMESEED_NVCC nvcc HINTS "$ENV{CUDA_HOME}/bin" /usr/local/cuda/bin)
if(NOT SAMESEED_NVCC)
  message(STATUS "no nvcc: without the GPU half")
  return()
endif()
set(CMAKE_CUDA_COMPILER "${SAMESEED_NVCC}")
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES "80-real;86-real;89-real;90a-real;120-real")
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
find_package(CUDNN)
if(NOT CUDNN_FOUND)
  message(STATUS "no cuDNN, or not its frontend (./bootstrap.sh build fetches it): without the GPU half")
  return()
endif()
set(SAMESEED_CUDA ON)
# CUTLASS's headers, for products with a gate inside; without them the gate runs behind its product.
find_path(SAMESEED_CUTLASS cutlass/cutlass.h PATHS "${PROJECT_SOURCE_DIR}/deps/cutlass/include" NO_DEFAULT_PATH)
if(NOT SAMESEED_CUTLASS)
  message(STATUS "no CUTLASS (./bootstrap.sh build fetches it): a gate runs behind its product")
endif()
# LibTorch's GPU half registers itself when it is loaded; nothing names it, and what it needs in turn need not be here.
# Our own calls into cuDNN, cuBLASLt and NVRTC have to meet the libraries of the wheels beside it, of which a process
# loads only one: they are looked for before the CUDA toolkit's.
add_library(LibTorch::cuda INTERFACE IMPORTED)
get_filename_component(_libtorch_lib "${LibTorch_CPU_LIBRARY}" DIRECTORY)
target_link_libraries(LibTorch::cuda INTERFACE LibTorch::cpu CUDA::cudart
  "-Wl,--no-as-needed" "${_libtorch_lib}/libtorch_cuda.so" "${_libtorch_lib}/libc10_cuda.so" "-Wl,--as-needed"
  "-Wl,--allow-shlib-undefined")
if(SAMESEED_CUDNN)  # before the one beside LibTorch
  target_link_options(LibTorch::cuda INTERFACE "LINKER:-rpath,${SAMESEED_CUDNN}/lib")
endif()
foreach(_wheel cudnn cu13)
  target_link_options(LibTorch::cuda INTERFACE "LINKER:-rpath,${SAMESEED_LIBTORCH}/nvidia/${_wheel}/lib")
endforeach()
