# SPDX-License-Identifier: BSL-1.0
# WEFT_TEST_PATIENCE: by how much longer than in a release build a test may take; sanitizers need some.
set(WEFT_TEST_PATIENCE 1 CACHE STRING "The tests' time limits are multiplied by this whole number")

# weft_limit(<variable> <seconds>): the time limit of a test that takes no longer than this in a release build.
function(weft_limit variable seconds)
  math(EXPR limit "${seconds} * ${WEFT_TEST_PATIENCE}")
  set(${variable} ${limit} PARENT_SCOPE)
endfunction()
weft_limit(weft_minute 60)

# tests/support: code that tests share. Files named mpi_* are for tests under mpirun, all others for every test.

file(GLOB_RECURSE support_sources CONFIGURE_DEPENDS support/*.cpp)
set(mpi_support_sources ${support_sources})
list(FILTER mpi_support_sources INCLUDE REGEX "/support/mpi_[^/]*$")
list(FILTER support_sources EXCLUDE REGEX "/support/mpi_[^/]*$")
list(FILTER support_sources EXCLUDE REGEX "/support/sanitizer_defaults")

add_library(weft_test_settings INTERFACE)
target_include_directories(weft_test_settings INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(weft_test_settings INTERFACE ${weft_warnings})
target_compile_definitions(weft_test_settings INTERFACE TEST_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
target_link_libraries(weft_test_settings INTERFACE weft::weft GTest::gtest GTest::gmock fmt::fmt)

add_library(weft_test_support STATIC ${support_sources})
target_link_libraries(weft_test_support PUBLIC weft_test_settings)

# The main goes into a static library, so that a test may bring its own; the accounting of MPI's handles is linked
# into every program as objects, so that its definitions of MPI_* come before those of the MPI library.
set(mpi_accounting_sources ${mpi_support_sources})
list(FILTER mpi_accounting_sources INCLUDE REGEX "/mpi_accounting[^/]*$")
list(FILTER mpi_support_sources EXCLUDE REGEX "/mpi_accounting[^/]*$")
add_library(weft_mpi_accounting OBJECT ${mpi_accounting_sources})
target_link_libraries(weft_mpi_accounting PUBLIC weft_test_settings)
add_library(weft_mpi_test_main STATIC ${mpi_support_sources})
target_link_libraries(weft_mpi_test_main PUBLIC weft_test_support)

set(weft_sanitized OFF)
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  set(weft_sanitized ON)
  # Into every program that links weft, the apps as well.
  add_library(weft_sanitizer_defaults OBJECT support/sanitizer_defaults.cpp)
  target_link_libraries(weft INTERFACE $<BUILD_INTERFACE:$<TARGET_OBJECTS:weft_sanitizer_defaults>>)
endif()
