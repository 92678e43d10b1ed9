# SPDX-License-Identifier: BSL-1.0

# weft_app_test(<file>): runs apps/<app>/<subject>_test.py, which drives whole programs from outside. It finds them in
# the folder TEST_BIN_DIR of its environment, and the launcher's words before the number of ranks in TEST_MPIEXEC. It may
# say in its first lines `# timeout: 120` (seconds, default 60) and `# processors: 4` (default 2). One that exits with 77
# counts as skipped; it prints why.
function(weft_app_test file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR}/apps ${file})
  string(REGEX REPLACE "_test\\.py$" "" name ${name})
  string(REGEX REPLACE "/.*" "" app ${name})
  string(REPLACE "/" "." name ${name})
  weft_read_directive(timeout ${file} timeout 60)
  weft_limit(timeout ${timeout})
  weft_read_directive(processors ${file} processors 2)
  add_test(NAME app.${name} COMMAND Python3::Interpreter ${file})
  set_tests_properties(
    app.${name}
    PROPERTIES PROCESSORS ${processors} TIMEOUT ${timeout} SKIP_RETURN_CODE 77 LABELS "app;${app}" ENVIRONMENT
               "${weft_mpi_environment};TEST_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};TEST_MPIEXEC=${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG}")
endfunction()

# weft_test_program(<file>): the program of apps/<room>/<subject>_program.cpp, for a test that drives it from outside.
function(weft_test_program file)
  file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR}/apps ${file})
  string(REGEX REPLACE "_program\\.cpp$" "" name ${name})
  string(MAKE_C_IDENTIFIER ${name} name)
  add_executable(weft_program_${name} ${file})
  target_link_libraries(weft_program_${name} PRIVATE weft_test_settings)
endfunction()
