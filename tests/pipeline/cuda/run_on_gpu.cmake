# Runs PROGRAM where the machine has an NVIDIA GPU.
if(NOT EXISTS /dev/nvidiactl)
  message("skipped: no GPU (no /dev/nvidiactl)")
  return()
endif()
execute_process(COMMAND "${PROGRAM}" RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${PROGRAM}: ${code}")
endif()
