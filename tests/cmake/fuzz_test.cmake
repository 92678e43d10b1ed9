# SPDX-License-Identifier: BSL-1.0
# weft_fuzz_test(<file>): one program from fuzz/<room>/<facility>_fuzz.cpp, which defines LLVMFuzzerTestOneInput. As a test it
# takes a few thousand seeded inputs. With WEFT_FUZZ (clang, which then builds everything for it) it is a libFuzzer program.
option(WEFT_FUZZ "Build the fuzz tests with libFuzzer and the address sanitizer (clang)" OFF)

function(weft_fuzz_test file)
  file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR}/fuzz ${file})
  string(REGEX REPLACE "_fuzz\\.cpp$" "" name ${name})
  string(REGEX REPLACE "/.*" "" room ${name})
  string(MAKE_C_IDENTIFIER ${name} identifier)
  string(REPLACE "/" "." name ${name})
  set(program weft_fuzz_${identifier})
  add_executable(${program} ${file})
  target_link_libraries(${program} PRIVATE weft_test_settings)
  if(WEFT_FUZZ)
    target_compile_options(${program} PRIVATE -fsanitize=fuzzer,address)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer,address)
    add_test(NAME fuzz.${name} COMMAND ${program} -runs=20000 -seed=1 -max_len=512)
  else()
    target_sources(${program} PRIVATE fuzz/seeded_inputs.cpp)
    add_test(NAME fuzz.${name} COMMAND ${program} 20000)
  endif()
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT ${weft_minute} LABELS "fuzz;${room}")
endfunction()
