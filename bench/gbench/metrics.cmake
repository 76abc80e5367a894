find_package(benchmark REQUIRED)
sameseed_program(metrics_gbench LIBTORCH
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/metrics_gbench.cc
  LIBRARIES sameseed_metrics opencv_imgproc LibTorch::cpu benchmark::benchmark)
target_compile_definitions(metrics_gbench PRIVATE
  SAMESEED_WEIGHTS="${CMAKE_CURRENT_LIST_DIR}/../../metrics/weights")
