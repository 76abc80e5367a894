# cuDNN 9, from the wheel beside LibTorch or from the CUDA toolkit: CUDNN::cudnn, with the header-only frontend of its
# graph API, found below SAMESEED_CUDNN_FRONTEND (a folder that holds `include/cudnn_frontend.h`).
set(SAMESEED_CUDNN_FRONTEND "${PROJECT_SOURCE_DIR}/deps/cudnn-frontend" CACHE PATH "folder that holds include/ of cuDNN's frontend")
find_path(CUDNN_INCLUDE_DIR cudnn.h HINTS "${SAMESEED_LIBTORCH}/nvidia/cudnn/include" ${CUDAToolkit_INCLUDE_DIRS})
find_library(CUDNN_LIBRARY NAMES libcudnn.so.9 cudnn HINTS "${SAMESEED_LIBTORCH}/nvidia/cudnn/lib" ${CUDAToolkit_LIBRARY_DIR})
find_path(CUDNN_FRONTEND_INCLUDE_DIR cudnn_frontend.h PATHS "${SAMESEED_CUDNN_FRONTEND}/include" NO_DEFAULT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CUDNN REQUIRED_VARS CUDNN_LIBRARY CUDNN_INCLUDE_DIR CUDNN_FRONTEND_INCLUDE_DIR)
if(CUDNN_FOUND AND NOT TARGET CUDNN::cudnn)
  add_library(CUDNN::cudnn INTERFACE IMPORTED)
  target_include_directories(CUDNN::cudnn SYSTEM INTERFACE "${CUDNN_INCLUDE_DIR}" "${CUDNN_FRONTEND_INCLUDE_DIR}")
  target_compile_definitions(CUDNN::cudnn INTERFACE CUDNN_FRONTEND_SKIP_JSON_LIB)
  target_link_libraries(CUDNN::cudnn INTERFACE "${CUDNN_LIBRARY}" ${CMAKE_DL_LIBS})
endif()
mark_as_advanced(CUDNN_INCLUDE_DIR CUDNN_LIBRARY CUDNN_FRONTEND_INCLUDE_DIR)
