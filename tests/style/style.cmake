add_test(NAME layering COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -P ${CMAKE_CURRENT_LIST_DIR}/layering.cmake)
add_test(NAME layering_notices COMMAND ${CMAKE_COMMAND} -DCHECK=${CMAKE_CURRENT_LIST_DIR}/layering.cmake
  -DWORK=${PROJECT_BINARY_DIR}/layering -P ${CMAKE_CURRENT_LIST_DIR}/layering_notices.cmake)
find_program(CLANG_FORMAT clang-format)
if(CLANG_FORMAT)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/io/*.[hc]* ${PROJECT_SOURCE_DIR}/metrics/*.[hc]*
    ${PROJECT_SOURCE_DIR}/pipeline/*.[hc]* ${PROJECT_SOURCE_DIR}/reference/*.[hc]* ${PROJECT_SOURCE_DIR}/reports/*.[hc]*
    ${PROJECT_SOURCE_DIR}/bench/*.[hc]* ${PROJECT_SOURCE_DIR}/tests/*.[hc]*)
  list(FILTER sources INCLUDE REGEX "\\.(h|cc|cu)$")
  add_test(NAME format COMMAND ${CLANG_FORMAT} --dry-run -Werror ${sources})
endif()
