sameseed_program(compare_error_rates
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/compare_error_rates.cc
  LIBRARIES sameseed_reports Threads::Threads)
