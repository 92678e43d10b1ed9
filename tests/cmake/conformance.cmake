# SPDX-License-Identifier: BSL-1.0
# conformance/: one program that must see the same in every world; apps/conformance drives it.

file(GLOB conformance_sources CONFIGURE_DEPENDS conformance/*.cpp)
add_executable(weft_conformance ${conformance_sources})
target_include_directories(weft_conformance PRIVATE conformance)
target_compile_options(weft_conformance PRIVATE ${weft_warnings})
target_link_libraries(weft_conformance PRIVATE weft::weft)
