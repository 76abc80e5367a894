add_test(NAME Style.IncludesPointOneWay
  COMMAND ${CMAKE_COMMAND} "-DROOT=${PROJECT_SOURCE_DIR}" -P "${CMAKE_CURRENT_LIST_DIR}/layering.cmake")
add_test(NAME Style.LayeringNamesPlantedIncludes
  COMMAND ${CMAKE_COMMAND} "-DWORK=${PROJECT_BINARY_DIR}/layering_test" -P "${CMAKE_CURRENT_LIST_DIR}/layering_test.cmake")
set(style_tests Style.IncludesPointOneWay Style.LayeringNamesPlantedIncludes)

# Releases lay out some lines differently: 14 is the one of Debian 12, which the sources follow.
find_program(CLANG_FORMAT_PROGRAM NAMES clang-format-14 clang-format)
if(CLANG_FORMAT_PROGRAM)
  execute_process(COMMAND "${CLANG_FORMAT_PROGRAM}" --version OUTPUT_VARIABLE clang_format_version)
  if(clang_format_version MATCHES "version 14\\.")
    add_test(NAME Style.LayoutIsClangFormats
      COMMAND ${CMAKE_COMMAND} "-DROOT=${PROJECT_SOURCE_DIR}" "-DCLANG_FORMAT=${CLANG_FORMAT_PROGRAM}"
        -P "${CMAKE_CURRENT_LIST_DIR}/format.cmake")
    list(APPEND style_tests Style.LayoutIsClangFormats)
  else()
    message(STATUS "no layout test: it wants clang-format 14")
  endif()
endif()
set_tests_properties(${style_tests} PROPERTIES LABELS cpu)
