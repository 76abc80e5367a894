if(TARGET sameseed_upload)
  sameseed_test(upload_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/cuda/upload_test.cc
    LIBRARIES sameseed_upload
    LABELS gpu)
endif()
