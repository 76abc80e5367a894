# The models of half-precision accumulation and of FP8, and the backend made of them.
find_package(OpenMP REQUIRED)
sameseed_library(sameseed_half_product
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/half_product.cc
    ${CMAKE_CURRENT_LIST_DIR}/half_product_avx2.cc
    ${CMAKE_CURRENT_LIST_DIR}/half_product_avx512.cc
    ${CMAKE_CURRENT_LIST_DIR}/fp8_product.cc
    ${CMAKE_CURRENT_LIST_DIR}/fp8_product_avx2.cc
  LIBRARIES PRIVATE OpenMP::OpenMP_CXX)
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/half_product_avx2.cc PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/fp8_product_avx2.cc PROPERTIES COMPILE_OPTIONS "-mavx2")
# GCC 12 warns about its own AVX-512 header.
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/half_product_avx512.cc PROPERTIES
  COMPILE_OPTIONS "-mavx512f;-Wno-maybe-uninitialized;-Wno-uninitialized")

sameseed_library(sameseed_cpu LIBTORCH
  UNITS "cpu/accelerated_engine.cc cpu/cpu_backend.cc cpu/half_attention.cc cpu/half_layers.cc"
  LIBRARIES sameseed_network sameseed_half_product)
