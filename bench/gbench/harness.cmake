find_package(benchmark REQUIRED)
sameseed_program(harness_gbench
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/harness_gbench.cc
  LIBRARIES sameseed_bench benchmark::benchmark)
add_dependencies(harness_gbench sameseed-worker)
sameseed_program(sweep_gbench
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/sweep_gbench.cc
  LIBRARIES sameseed_bench benchmark::benchmark)
add_dependencies(sweep_gbench sameseed-worker)
sameseed_program(large_run_gbench
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/large_run_gbench.cc
  LIBRARIES sameseed_bench sameseed_png benchmark::benchmark)
add_dependencies(large_run_gbench sameseed)
