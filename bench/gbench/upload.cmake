if(TARGET sameseed_upload)
  find_package(benchmark REQUIRED)
  sameseed_program(upload_gbench
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/upload_gbench.cc ${PROJECT_SOURCE_DIR}/bench/system/temporary_folder.cc
    LIBRARIES sameseed_upload sameseed_io benchmark::benchmark)
endif()
