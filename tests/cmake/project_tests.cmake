# SPDX-License-Identifier: BSL-1.0
# Tests of the project itself: its rules, its documentation, its package, its test main.

function(weft_project_test name timeout)
  add_test(NAME project.${name} COMMAND ${ARGN})
  set_tests_properties(project.${name} PROPERTIES TIMEOUT ${timeout} LABELS project ENVIRONMENT "${weft_mpi_environment}")
endfunction()

set(python Python3::Interpreter)
set(here ${CMAKE_CURRENT_SOURCE_DIR}/project)

weft_project_test(source_rules 30 ${python} ${here}/source_rules_test.py ${PROJECT_SOURCE_DIR})
weft_project_test(docs 120 ${python} ${here}/docs_test.py ${PROJECT_SOURCE_DIR} ${weft_compile_command})

# One case per room of include/weft, and one for the headers beside the rooms.
file(GLOB header_rooms CONFIGURE_DEPENDS LIST_DIRECTORIES ON RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/weft/*)
list(FILTER header_rooms EXCLUDE REGEX "\\.hpp$")
foreach(folder IN LISTS header_rooms ITEMS weft)
  string(REPLACE "weft/" "" room ${folder})
  weft_project_test(headers.${room} 180 ${python} ${here}/headers_test.py ${PROJECT_SOURCE_DIR}/include ${folder} ${weft_compile_command})
endforeach()

add_executable(weft_failing_programs project/harness/failing_programs.cpp)
target_link_libraries(weft_failing_programs PRIVATE weft_mpi_accounting weft_mpi_test_main)
weft_project_test(harness 120 ${python} ${here}/harness_test.py $<TARGET_FILE:weft_failing_programs>
                  ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} 2 ${MPIEXEC_PREFLAGS})
set_tests_properties(project.harness PROPERTIES PROCESSORS 2)

# The package as others use it; not in sanitizer builds, whose library needs the sanitizer at the consumer's link too.
if(WEFT_INSTALL AND NOT weft_sanitized)
  foreach(way find_package add_subdirectory pkg_config)
    weft_project_test(install.${way} 400 ${python} ${here}/install_test.py ${way} ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}
                      ${CMAKE_COMMAND} ${CMAKE_CXX_COMPILER} ${MPI_CXX_COMPILER})
  endforeach()
  set_tests_properties(project.install.add_subdirectory PROPERTIES PROCESSORS 2)
endif()
