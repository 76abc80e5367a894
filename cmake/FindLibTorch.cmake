# LibTorch out of a torch wheel: LibTorch::cpu, found below SAMESEED_LIBTORCH (a folder that holds `torch/`).
# The wheel's own TorchConfig.cmake is not used: it insists on a CUDA toolkit and on its own list of architectures.
set(SAMESEED_LIBTORCH "${PROJECT_SOURCE_DIR}/deps/libtorch" CACHE PATH "folder that holds torch/ of the wheel")
find_path(LibTorch_INCLUDE_DIR ATen/ATen.h PATHS "${SAMESEED_LIBTORCH}/torch/include" NO_DEFAULT_PATH)
find_library(LibTorch_CPU_LIBRARY torch_cpu PATHS "${SAMESEED_LIBTORCH}/torch/lib" NO_DEFAULT_PATH)
find_library(LibTorch_C10_LIBRARY c10 PATHS "${SAMESEED_LIBTORCH}/torch/lib" NO_DEFAULT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run ./bootstrap.sh build, or set SAMESEED_LIBTORCH to a folder that holds torch/")

if(LibTorch_FOUND AND NOT TARGET LibTorch::cpu)
  add_library(LibTorch::cpu INTERFACE IMPORTED)
  target_include_directories(LibTorch::cpu SYSTEM INTERFACE
    "${LibTorch_INCLUDE_DIR}" "${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
  # libtorch_cpu.so finds libcudart and libcupti in the two small wheels beside it by its own run path.
  target_link_libraries(LibTorch::cpu INTERFACE "${LibTorch_CPU_LIBRARY}" "${LibTorch_C10_LIBRARY}")
  target_link_options(LibTorch::cpu INTERFACE "LINKER:--allow-shlib-undefined")
endif()
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY)
