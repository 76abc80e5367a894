find_package(benchmark REQUIRED)
sameseed_program(png_gbench
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/png_gbench.cc
  LIBRARIES sameseed_png opencv_core opencv_imgproc PNG::PNG benchmark::benchmark)
