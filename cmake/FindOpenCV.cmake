# The two OpenCV libraries that are used. Debian ships OpenCV's own CMake files only with the package of all its
# modules (1 GB with VTK and Qt), so the libraries are looked up one by one.
find_path(OpenCV_INCLUDE_DIR opencv2/core.hpp PATH_SUFFIXES opencv4)
set(_opencv_required OpenCV_INCLUDE_DIR)
foreach(_module core imgproc)
  find_library(OpenCV_${_module}_LIBRARY opencv_${_module})
  list(APPEND _opencv_required OpenCV_${_module}_LIBRARY)
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCV REQUIRED_VARS ${_opencv_required})
if(OpenCV_FOUND)
  foreach(_module core imgproc)
    if(NOT TARGET opencv_${_module})
      add_library(opencv_${_module} UNKNOWN IMPORTED)
      set_target_properties(opencv_${_module} PROPERTIES
        IMPORTED_LOCATION "${OpenCV_${_module}_LIBRARY}"
        INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${OpenCV_INCLUDE_DIR}"
        INTERFACE_INCLUDE_DIRECTORIES "${OpenCV_INCLUDE_DIR}")
    endif()
  endforeach()
endif()
