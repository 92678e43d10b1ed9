# SPDX-License-Identifier: BSL-1.0
# seeds/: suites of simulated programs over many seeds; a short run of each is a test, `weft_seeds` alone runs longer.

find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
file(GLOB seed_sources CONFIGURE_DEPENDS seeds/*.cpp)
# The farm's engine without its command line: compiled here, so that it has the planted faults where the library has.
set(farm_engine batch batch_options conductor dispatcher forced history ledger ledger_results prepare progress quantity
    rank_health results results_directory results_writer simulated_supervisor stored_tasks summary tally task_graph
    task_json task_list terminal text_file timeline worker)
list(TRANSFORM farm_engine REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/apps/farm/\\1.cpp")
list(APPEND seed_sources ${farm_engine})
add_executable(weft_seeds ${seed_sources})
target_compile_options(weft_seeds PRIVATE ${weft_warnings})
target_include_directories(weft_seeds PRIVATE ${PROJECT_SOURCE_DIR}/apps)
target_link_libraries(weft_seeds PRIVATE weft_test_support CLI11::CLI11 nlohmann_json::nlohmann_json fmt::fmt)
foreach(suite IN ITEMS queue service ports messages collectives scopes durable calls locks channels farm hostile txn)
  add_test(NAME seeds.${suite} COMMAND weft_seeds ${suite} --seconds 5)
  set_tests_properties(seeds.${suite} PROPERTIES TIMEOUT ${weft_minute} LABELS "seeds")
endforeach()
add_test(NAME seeds.regressions COMMAND weft_seeds --list ${CMAKE_CURRENT_SOURCE_DIR}/seeds/regressions.txt)
set_tests_properties(seeds.regressions PROPERTIES TIMEOUT ${weft_minute} LABELS "seeds")

# The same once more over a library with planted faults and marks of rare places (weft/core/planted_fault.hpp).
add_library(weft_planted STATIC ${weft_sources})
target_include_directories(weft_planted PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_compile_features(weft_planted PUBLIC cxx_std_20)
target_compile_definitions(weft_planted PUBLIC OMPI_SKIP_MPICXX WEFT_PLANTED_FAULTS)
target_compile_options(weft_planted PUBLIC $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-foptimize-sibling-calls> PRIVATE ${weft_warnings})
target_link_libraries(weft_planted PUBLIC MPI::MPI_CXX Boost::mpi Boost::serialization Threads::Threads fmt::fmt Boost::context)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set_target_properties(weft_planted PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  target_compile_options(weft_planted PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endif()
add_executable(weft_seeds_planted ${seed_sources} support/queue_program.cpp support/list_history.cpp)
target_include_directories(weft_seeds_planted PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/apps)
target_compile_options(weft_seeds_planted PRIVATE ${weft_warnings})
target_link_libraries(weft_seeds_planted PRIVATE weft_planted CLI11::CLI11 nlohmann_json::nlohmann_json fmt::fmt)

set(seeds_folder ${CMAKE_CURRENT_SOURCE_DIR}/seeds)
if(NOT WEFT_PLANTED_FAULTS)
  add_test(NAME seeds.binaries COMMAND Python3::Interpreter ${seeds_folder}/binaries.py $<TARGET_FILE:weft_seeds_planted>
                                       $<TARGET_FILE:weft> $<TARGET_FILE:weft_seeds>)
  set_tests_properties(seeds.binaries PROPERTIES TIMEOUT ${weft_minute} LABELS "seeds")
endif()
# Too slow in builds without optimization, and with sanitizers: there the suites alone say enough.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_test(NAME seeds.mutation COMMAND Python3::Interpreter ${seeds_folder}/mutation.py
                                       $<TARGET_FILE:weft_seeds_planted>)
  set_tests_properties(seeds.mutation PROPERTIES TIMEOUT 600 PROCESSORS 2 LABELS "seeds")
endif()
