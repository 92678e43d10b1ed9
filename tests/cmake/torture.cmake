# SPDX-License-Identifier: BSL-1.0
# torture/: real jobs that are killed. torture/<subject>_program.cpp is built twice, as weft_torture_<subject> and, with the
# crash points of weft/core/planted_fault.hpp, as weft_torture_<subject>_planted; torture/<subject>_test.py drives both.

file(GLOB programs CONFIGURE_DEPENDS torture/*_program.cpp)
foreach(file IN LISTS programs)
  string(REGEX REPLACE "^.*/(.*)_program\\.cpp$" "\\1" subject ${file})
  set(sources ${file} torture/forced_notes.cpp)
  add_executable(weft_torture_${subject} ${sources})
  target_link_libraries(weft_torture_${subject} PRIVATE weft_test_settings)
  add_executable(weft_torture_${subject}_planted ${sources})
  target_include_directories(weft_torture_${subject}_planted PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_options(weft_torture_${subject}_planted PRIVATE ${weft_warnings})
  target_link_libraries(weft_torture_${subject}_planted PRIVATE weft_planted fmt::fmt)
  weft_limit(timeout 120)
  add_test(NAME torture.${subject} COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/torture/${subject}_test.py)
  set_tests_properties(
    torture.${subject}
    PROPERTIES PROCESSORS 2 TIMEOUT ${timeout} LABELS "torture" ENVIRONMENT
               "${weft_mpi_environment};TEST_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};TEST_MPIEXEC=${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG}")
endforeach()
