# Tests that need a GPU: not discovered, because the program does not even load where LibTorch's GPU half lacks libraries.
if(SAMESEED_CUDA)
  add_executable(cuda_test ${CMAKE_CURRENT_LIST_DIR}/cuda/cuda_backend_test.cc)
  target_link_libraries(cuda_test PRIVATE sameseed_flags sameseed_reference sameseed_cuda GTest::gtest sameseed_test_main)
  target_precompile_headers(cuda_test REUSE_FROM sameseed_libtorch_pch)
  target_compile_options(cuda_test PRIVATE $<$<CONFIG:Release>:-O1>)
  add_test(NAME CudaTest COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:cuda_test> -P ${CMAKE_CURRENT_LIST_DIR}/cuda/run_on_gpu.cmake)
  set_tests_properties(CudaTest PROPERTIES LABELS gpu SKIP_REGULAR_EXPRESSION "skipped: no GPU" RUN_SERIAL ON TIMEOUT 600)
endif()
