find_package(benchmark REQUIRED)
sameseed_program(half_product_gbench LIBTORCH
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/half_product_gbench.cc
  LIBRARIES sameseed_half_product LibTorch::cpu benchmark::benchmark)
