# Kernel times of the accelerated path; needs CUPTI beside the CUDA toolkit.
if(SAMESEED_CUDA)
  find_library(CUPTI_LIBRARY NAMES cupti HINTS ${CUDAToolkit_LIBRARY_DIR} /usr/local/cuda/lib /usr/local/cuda/extras/CUPTI/lib64)
  find_path(CUPTI_INCLUDE_DIR cupti.h HINTS ${CUDAToolkit_INCLUDE_DIRS} /usr/local/cuda/extras/CUPTI/include)
  if(CUPTI_LIBRARY AND CUPTI_INCLUDE_DIR)
    sameseed_program(step_profile
      SOURCES profile/step_profile.cc
      LIBRARIES sameseed_all_engines_cuda ${CUPTI_LIBRARY})
    target_include_directories(step_profile SYSTEM PRIVATE "${CUPTI_INCLUDE_DIR}")
  endif()
endif()
