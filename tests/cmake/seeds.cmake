# SPDX-License-Identifier: BSL-1.0
# seeds/: suites of simulated programs over many seeds; a short run of each is a test, `weft_seeds` alone runs longer.

find_package(CLI11 REQUIRED)
file(GLOB seed_sources CONFIGURE_DEPENDS seeds/*.cpp)
add_executable(weft_seeds ${seed_sources})
target_compile_options(weft_seeds PRIVATE ${weft_warnings})
target_link_libraries(weft_seeds PRIVATE weft_test_support CLI11::CLI11 fmt::fmt)
foreach(suite IN ITEMS queue ports collectives scopes calls)
  add_test(NAME seeds.${suite} COMMAND weft_seeds ${suite} --seconds 15)
  set_tests_properties(seeds.${suite} PROPERTIES TIMEOUT 60 LABELS "seeds")
endforeach()
add_test(NAME seeds.regressions COMMAND weft_seeds --list ${CMAKE_CURRENT_SOURCE_DIR}/seeds/regressions.txt)
set_tests_properties(seeds.regressions PROPERTIES TIMEOUT 60 LABELS "seeds")
