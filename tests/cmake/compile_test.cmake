# SPDX-License-Identifier: BSL-1.0
# Misuse that must not compile: compile/<room>/<facility>.cpp has parts between `#if SECTION == n` (or #elif) and the
# next part, each with a line `// expect: <regular expression>` that the compiler's errors must match. SECTION 0 is right
# and must compile. Each section is one ctest case. The compiler runs with -fsyntax-only and weft's own flags.

# The compiler and the flags of a file that uses weft, for tests that call the compiler themselves.
set(weft_compile_command ${CMAKE_CXX_COMPILER} @${CMAKE_CURRENT_BINARY_DIR}/compile_flags.txt)
set(definitions $<TARGET_PROPERTY:weft_test_settings,INTERFACE_COMPILE_DEFINITIONS>)
set(includes $<TARGET_PROPERTY:weft_test_settings,INTERFACE_INCLUDE_DIRECTORIES>)
set(system_includes $<FILTER:${includes},EXCLUDE,^${PROJECT_SOURCE_DIR}>)
file(GENERATE OUTPUT compile_flags.txt CONTENT "-std=c++20
-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
-I${PROJECT_SOURCE_DIR}/include
-I${PROJECT_SOURCE_DIR}/tests
-isystem $<JOIN:$<FILTER:${system_includes},EXCLUDE,^/usr/include/?$>,\n-isystem >
$<$<BOOL:${definitions}>:-D$<JOIN:$<FILTER:${definitions},EXCLUDE,TEST_BIN_DIR>,\n-D>>
")

function(weft_compile_tests file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR}/compile ${file})
  string(REGEX REPLACE "\\.cpp$" "" name ${name})
  string(REGEX REPLACE "/.*" "" room ${name})
  string(REPLACE "/" "." name ${name})
  file(STRINGS ${file} conditions REGEX "^#(el)?if SECTION == [0-9]+")
  foreach(condition IN LISTS conditions)
    string(REGEX REPLACE ".*SECTION == ([0-9]+).*" "\\1" section "${condition}")
    add_test(NAME compile.${name}.${section}
             COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/project/compile_section.py ${file} ${section}
                     ${weft_compile_command})
    set_tests_properties(compile.${name}.${section} PROPERTIES TIMEOUT ${weft_minute} LABELS "compile;${room}")
  endforeach()
endfunction()
