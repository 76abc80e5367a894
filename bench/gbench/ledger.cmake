find_package(benchmark REQUIRED)
sameseed_program(ledger_gbench
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/ledger_gbench.cc
  LIBRARIES sameseed_bench benchmark::benchmark)
