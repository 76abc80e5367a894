# SDXL itself, over LibTorch.
sameseed_library(sameseed_network LIBTORCH
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/backend.cc
    ${CMAKE_CURRENT_LIST_DIR}/config.cc
    ${CMAKE_CURRENT_LIST_DIR}/embeddings.cc
    ${CMAKE_CURRENT_LIST_DIR}/noise.cc
    ${CMAKE_CURRENT_LIST_DIR}/nonfinite.cc
    ${CMAKE_CURRENT_LIST_DIR}/resnet.cc
    ${CMAKE_CURRENT_LIST_DIR}/schedulers/all_schedulers.cc
    ${CMAKE_CURRENT_LIST_DIR}/schedulers/euler.cc
    ${CMAKE_CURRENT_LIST_DIR}/sdxl_engine.cc
    ${CMAKE_CURRENT_LIST_DIR}/sdxl_pipeline.cc
    ${CMAKE_CURRENT_LIST_DIR}/stopwatch.cc
    ${CMAKE_CURRENT_LIST_DIR}/tensor_files.cc
    ${CMAKE_CURRENT_LIST_DIR}/text_encoder.cc
    ${CMAKE_CURRENT_LIST_DIR}/trace.cc
    ${CMAKE_CURRENT_LIST_DIR}/transformer.cc
    ${CMAKE_CURRENT_LIST_DIR}/unet.cc
    ${CMAKE_CURRENT_LIST_DIR}/vae.cc
    ${CMAKE_CURRENT_LIST_DIR}/weights.cc
  LIBRARIES sameseed_pipeline_core sameseed_png LibTorch::cpu)
