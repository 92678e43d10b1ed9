// SPDX-License-Identifier: BSL-1.0
#include <cstdio>

#include <mpi.h>

#include "support/mpi_rank_listener.hpp"
#include "support/mpi_test.hpp"
#include "support/mpi_watchdog.hpp"

namespace weft::test {

int rank() {
  int value = 0;
  PMPI_Comm_rank(MPI_COMM_WORLD, &value);
  return value;
}

int size() {
  int value = 0;
  PMPI_Comm_size(MPI_COMM_WORLD, &value);
  return value;
}

void barrier() { PMPI_Barrier(MPI_COMM_WORLD); }

}  // namespace weft::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  if (provided < MPI_THREAD_FUNNELED) {
    std::fprintf(stderr, "this MPI offers no MPI_THREAD_FUNNELED\n");
    return 6;
  }
  MPI_Comm harness = MPI_COMM_NULL;
  PMPI_Comm_dup(MPI_COMM_WORLD, &harness);
  weft::test::watchdog_start(weft::test::rank());

  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  auto* listener = new weft::test::rank_listener(harness);  // owned by GoogleTest
  listeners.Append(listener);
  [[maybe_unused]] const int own_verdict = RUN_ALL_TESTS();  // the verdict of all ranks is what counts
  const bool failed = listener->failed();

  weft::test::watchdog_stop();
  PMPI_Comm_free(&harness);
  MPI_Finalize();
  return failed ? 1 : 0;
}
