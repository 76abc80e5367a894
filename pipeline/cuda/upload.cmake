# Needs the CUDA runtime and no compiler of CUDA's; left out where there is none.
if(NOT SAMESEED_WITHOUT_CUDA AND NOT TARGET CUDA::cudart)
  find_package(CUDAToolkit QUIET GLOBAL)
endif()
if(NOT SAMESEED_WITHOUT_CUDA AND TARGET CUDA::cudart)
  sameseed_library(sameseed_upload
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/upload.cc
    LIBRARIES CUDA::cudart Threads::Threads)
endif()
