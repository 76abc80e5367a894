# Standard, warnings and include root of our own code: linked PRIVATE, so that they reach nobody else.
add_library(sameseed_flags INTERFACE)
target_compile_features(sameseed_flags INTERFACE cxx_std_20)
target_compile_options(sameseed_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror
  -Wno-missing-field-initializers  # designated initialisers leave out what keeps its default
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # GCC 12 sees overlaps in "text" + std::string (its bug 105651)
# GCC collects its garbage every 128 MB, of which a file of ours makes 800: a tenth of its time.
target_compile_options(sameseed_flags INTERFACE
  "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:SHELL:--param ggc-min-expand=400 --param ggc-min-heapsize=1500000>")

# What says what is to be done rather than does it: its build time counts, a tenth of its run time does not.
function(sameseed_seldom_hot name)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# LibTorch's header costs seconds a file: it is compiled once here, with those that stand beside it in most files, and
# reused by every target that names it.
# Without LibTorch, what is declared LIBTORCH is left out.
if(NOT SAMESEED_WITHOUT_LIBTORCH)
  # Among its headers are those of a newer fmt than Debian's, whose code the wheel does not have.
  add_library(sameseed_torch_fmt STATIC "${PROJECT_SOURCE_DIR}/cmake/torch_fmt.cc")
  target_include_directories(sameseed_torch_fmt SYSTEM PRIVATE "${LibTorch_INCLUDE_DIR}")
  target_compile_options(sameseed_torch_fmt PRIVATE -O1)
  target_link_libraries(LibTorch::cpu INTERFACE sameseed_torch_fmt)
  file(WRITE "${PROJECT_BINARY_DIR}/libtorch_pch.cc" "#include <ATen/ATen.h>\n")
  add_library(sameseed_libtorch_pch OBJECT "${PROJECT_BINARY_DIR}/libtorch_pch.cc")
  target_link_libraries(sameseed_libtorch_pch PRIVATE
    sameseed_flags LibTorch::cpu nlohmann_json::nlohmann_json fmt::fmt)
  sameseed_seldom_hot(sameseed_libtorch_pch)
  target_precompile_headers(sameseed_libtorch_pch PRIVATE <ATen/ATen.h> <nlohmann/json.hpp> <fmt/format.h>)
endif()

# Seldom hot, and reads and writes JSON, whose library's header is compiled once.
file(WRITE "${PROJECT_BINARY_DIR}/json_pch.cc" "#include <nlohmann/json.hpp>\n")
add_library(sameseed_json_pch OBJECT "${PROJECT_BINARY_DIR}/json_pch.cc")
target_link_libraries(sameseed_json_pch PRIVATE sameseed_flags nlohmann_json::nlohmann_json fmt::fmt)
sameseed_seldom_hot(sameseed_json_pch)
target_precompile_headers(sameseed_json_pch PRIVATE <nlohmann/json.hpp> <fmt/format.h>)
function(sameseed_mostly_json name)
  sameseed_seldom_hot(${name})
  target_precompile_headers(${name} REUSE_FROM sameseed_json_pch)
endfunction()

# What every test includes, compiled once; made by sameseed_test_header() where GoogleTest is known.
function(sameseed_test_header)
  file(WRITE "${PROJECT_BINARY_DIR}/test_pch.cc" "#include <gtest/gtest.h>\n")
  add_library(sameseed_test_pch OBJECT "${PROJECT_BINARY_DIR}/test_pch.cc")
  target_link_libraries(sameseed_test_pch PRIVATE
    sameseed_flags GTest::gtest nlohmann_json::nlohmann_json fmt::fmt)
  target_compile_options(sameseed_test_pch PRIVATE $<$<CONFIG:Release>:-O0>)
  target_precompile_headers(sameseed_test_pch PRIVATE <gtest/gtest.h> <nlohmann/json.hpp> <fmt/format.h>)
endfunction()

# Half of a file's build time goes into templates of the JSON library that every file instantiates for itself. So files may
# be named in UNITS "a.cc b.cc c.cc" ... and are compiled as one: those of a unit may not name things alike. Without
# SAMESEED_UNITS each file is compiled alone, and has to include what it needs.
function(_sameseed_units name)
  set(files "")
  foreach(unit ${ARGN})
    separate_arguments(together UNIX_COMMAND "${unit}")
    list(GET together 0 first)
    string(MAKE_C_IDENTIFIER "${first}" group)
    set_source_files_properties(${together} PROPERTIES UNITY_GROUP ${group})
    list(APPEND files ${together})
  endforeach()
  target_sources(${name} PRIVATE ${files})
  if(files AND SAMESEED_UNITS)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    # What one file keeps to itself GCC takes for a header's there.
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# sameseed_library(NAME [SOURCES ...] [UNITS ...] [LIBRARIES ...] [LIBTORCH]): a static library of ours.
function(sameseed_library name)
  cmake_parse_arguments(ARG "LIBTORCH" "" "SOURCES;UNITS;LIBRARIES" ${ARGN})
  if(ARG_LIBTORCH AND SAMESEED_WITHOUT_LIBTORCH)
    return()
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  _sameseed_units(${name} ${ARG_UNITS})
  _sameseed_target(${name})
  target_link_libraries(${name} PUBLIC ${ARG_LIBRARIES})
endfunction()

# sameseed_program(NAME [SOURCES ...] [UNITS ...] [LIBRARIES ...] [LIBTORCH]): an executable of ours, in the build's bin/.
function(sameseed_program name)
  cmake_parse_arguments(ARG "LIBTORCH" "" "SOURCES;UNITS;LIBRARIES" ${ARGN})
  if(ARG_LIBTORCH AND SAMESEED_WITHOUT_LIBTORCH)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  _sameseed_units(${name} ${ARG_UNITS})
  _sameseed_target(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
endfunction()

# sameseed_test(NAME [SOURCES ...] [UNITS ...] [LIBRARIES ...] [LABELS ...] [TOGETHER SUITE...] [LIBTORCH] [AT_ONCE]): a
# GoogleTest program; each of its tests is a ctest. TOGETHER: suites whose tests share what their suite ran; each such suite is
# one ctest. AT_ONCE: the program is one, as a start costs more than its tests.
function(sameseed_test name)
  cmake_parse_arguments(ARG "LIBTORCH;AT_ONCE" "" "SOURCES;UNITS;LIBRARIES;LABELS;TOGETHER" ${ARGN})
  if(ARG_LIBTORCH AND SAMESEED_WITHOUT_LIBTORCH)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  _sameseed_units(${name} ${ARG_UNITS})
  _sameseed_target(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gtest sameseed_test_main)
  target_link_options(${name} PRIVATE $<TARGET_OBJECTS:sameseed_test_json>)  # before all other objects
  add_dependencies(${name} sameseed_test_json)
  # What they test is optimised, they need not be; but for -O0 LibTorch's precompiled header is no use.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:$<IF:$<BOOL:${ARG_LIBTORCH}>,-O1,-O0>>)
  if(NOT ARG_LIBTORCH)
    target_link_libraries(${name} PRIVATE nlohmann_json::nlohmann_json fmt::fmt)  # as the header below has them
    target_precompile_headers(${name} REUSE_FROM sameseed_test_pch)
  endif()
  target_compile_definitions(${name} PRIVATE
    SAMESEED_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SAMESEED_BINARY_DIR="${PROJECT_BINARY_DIR}")
  # Idle threads of OpenMP that spin cost threefold where tests run side by side (bench/system/programs.h).
  set(environment GOMP_SPINCOUNT=2000)
  if(ARG_AT_ONCE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS cpu TIMEOUT 240 ENVIRONMENT ${environment})
    return()
  endif()
  list(TRANSFORM ARG_TOGETHER APPEND ".*" OUTPUT_VARIABLE suites)
  list(JOIN suites ":" filter)
  gtest_discover_tests(${name} TEST_FILTER "-${filter}" DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS cpu TIMEOUT 240 ENVIRONMENT ${environment})
  set(labels cpu ${ARG_LABELS})
  if(ARG_LABELS)  # of which it takes one only
    set(script "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
    file(WRITE "${script}"
      "if(${name}_TESTS)\n  set_tests_properties(\${${name}_TESTS} PROPERTIES LABELS \"${labels}\")\nendif()\n")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${script}")
  endif()
  foreach(suite ${ARG_TOGETHER})
    add_test(NAME ${suite} COMMAND ${name} --gtest_filter=${suite}.*)
    set_tests_properties(${suite} PROPERTIES LABELS "${labels}" TIMEOUT 240 COST 30 ENVIRONMENT ${environment})  # among the first
  endforeach()
endfunction()

# sameseed_schemas(TARGET FILE...): builds JSON schemas in. FOLDER/x_y.schema.json of this folder becomes the header
# "FOLDER/x_y.schema.h" with its text as kXYSchema.
function(sameseed_schemas target)
  foreach(file ${ARGN})
    set(path "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    file(RELATIVE_PATH SCHEMA_FILE "${PROJECT_SOURCE_DIR}" "${path}")
    file(READ "${path}" SCHEMA_TEXT)
    get_filename_component(stem "${path}" NAME_WE)
    string(REPLACE "_" ";" words "${stem}")
    set(SCHEMA_NAME "")
    foreach(word ${words})
      string(SUBSTRING "${word}" 0 1 first)
      string(SUBSTRING "${word}" 1 -1 rest)
      string(TOUPPER "${first}" first)
      string(APPEND SCHEMA_NAME "${first}${rest}")
    endforeach()
    string(REGEX REPLACE "\\.json$" ".h" header "${SCHEMA_FILE}")
    configure_file("${PROJECT_SOURCE_DIR}/cmake/schema.h.in" "${PROJECT_BINARY_DIR}/schemas/${header}" @ONLY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
  endforeach()
  target_include_directories(${target} PUBLIC "${PROJECT_BINARY_DIR}/schemas")
endfunction()

macro(_sameseed_target name)
  target_link_libraries(${name} PRIVATE sameseed_flags)
  target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  if(ARG_LIBTORCH)
    target_link_libraries(${name} PRIVATE LibTorch::cpu nlohmann_json::nlohmann_json fmt::fmt)
    target_precompile_headers(${name} REUSE_FROM sameseed_libtorch_pch)
    sameseed_seldom_hot(${name})  # LibTorch computes; and GCC 12 takes no such header of another level of optimisation
  endif()
endmacro()
