# SPDX-License-Identifier: BSL-1.0

# weft_unit_tests(<room>): one program of all files in unit/<room>, one ctest case per TEST. If the room is an app, its
# code is linked in.
function(weft_unit_tests room)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS unit/${room}/*.cpp)
  if(NOT sources)
    return()
  endif()
  set(program weft_unit_${room})
  add_executable(${program} ${sources})
  target_link_libraries(${program} PRIVATE weft_test_support $<TARGET_NAME_IF_EXISTS:weft_app_${room}_code> GTest::gtest_main)
  # One label only: gtest_discover_tests cannot pass on a property that is a list.
  gtest_discover_tests(${program} TEST_PREFIX unit.${room}. DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${weft_minute} LABELS unit)
endfunction()
