# SPDX-License-Identifier: BSL-1.0

# The environment of every test under mpirun; scripts/mpi-env.sh is its only source.
set(mpi_env_file ${PROJECT_SOURCE_DIR}/scripts/mpi-env.sh)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${mpi_env_file})
file(STRINGS ${mpi_env_file} weft_mpi_environment REGEX "^export ")
list(TRANSFORM weft_mpi_environment REPLACE "^export " "")

# weft_read_directive(<variable> <file> <name> <default>): the value of a comment "// name: value" or "# name: value" in the first lines.
function(weft_read_directive variable file name default)
  file(STRINGS ${file} lines LIMIT_COUNT 1 REGEX "^(//|#) ${name}: ")
  if(lines)
    list(GET lines 0 line)
    string(REGEX REPLACE "^(//|#) ${name}: *" "" default "${line}")
  endif()
  set(${variable} ${default} PARENT_SCOPE)
endfunction()

# weft_mpi_test(<file>): one program from mpi/<room>/<facility>_test.cpp, and one ctest case per number of ranks. A test
# may say in its first lines `// ranks: 1 2 8` (default 1 2 3 4) and `// timeout: 120` (seconds, default 60).
function(weft_mpi_test file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR}/mpi ${file})
  string(REGEX REPLACE "_test\\.cpp$" "" name ${name})
  string(REGEX REPLACE "/.*" "" room ${name})
  string(MAKE_C_IDENTIFIER ${name} identifier)
  string(REPLACE "/" "." name ${name})
  weft_read_directive(ranks ${file} ranks "1 2 3 4")
  weft_read_directive(timeout ${file} timeout 60)
  weft_limit(timeout ${timeout})
  separate_arguments(ranks)

  set(program weft_mpi_${identifier})
  add_executable(${program} ${file})
  target_link_libraries(${program} PRIVATE weft_mpi_accounting weft_mpi_test_main)
  foreach(n IN LISTS ranks)
    set(test mpi.${name}.${n})
    add_test(NAME ${test} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${n} ${MPIEXEC_PREFLAGS}
                                  $<TARGET_FILE:${program}> ${MPIEXEC_POSTFLAGS})
    # The program ends itself, with its stack, a little before ctest would kill it without a word.
    math(EXPR limit "${timeout} - 5")
    set_tests_properties(${test} PROPERTIES PROCESSORS ${n} TIMEOUT ${timeout} LABELS "mpi;${room}" ENVIRONMENT
                                            "${weft_mpi_environment};TEST_LIMIT=${limit}")
  endforeach()
endfunction()
