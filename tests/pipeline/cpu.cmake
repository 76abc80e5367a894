sameseed_test(half_product_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpu/half_product_test.cc
  LIBRARIES sameseed_half_product)
sameseed_test(fp8_product_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpu/fp8_product_test.cc
  LIBRARIES sameseed_half_product)
sameseed_test(half_layers_test LIBTORCH AT_ONCE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpu/half_layers_test.cc
  LIBRARIES sameseed_cpu)
sameseed_test(half_attention_test LIBTORCH AT_ONCE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpu/half_attention_test.cc
  LIBRARIES sameseed_cpu)
sameseed_test(cpu_backend_test LIBTORCH AT_ONCE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cpu/cpu_backend_test.cc
  LIBRARIES sameseed_cpu)
