# Looks at our sources with clang-format and changes nothing; fails if it would lay out a line differently.
# usage: cmake -DROOT=FOLDER -DCLANG_FORMAT=PROGRAM -P format.cmake
cmake_policy(VERSION 3.25)

set(files "")
foreach(folder IN ITEMS io metrics pipeline reference reports bench tests)
  file(GLOB_RECURSE found "${ROOT}/${folder}/*.cc" "${ROOT}/${folder}/*.h" "${ROOT}/${folder}/*.cu"
    "${ROOT}/${folder}/*.cuh")
  list(APPEND files ${found})
endforeach()
if(files STREQUAL "")
  message(FATAL_ERROR "no source below ROOT='${ROOT}'")
endif()
execute_process(COMMAND "${CLANG_FORMAT}" --dry-run -Werror ${files} RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "badly laid out: run clang-format -i on the files above")
endif()
