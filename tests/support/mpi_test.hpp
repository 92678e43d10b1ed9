// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

/// For tests under mpirun (tests/mpi). The main that comes with it (mpi_main.cpp) initialises MPI with
/// MPI_THREAD_FUNNELED and runs every test on all ranks in the same order. Rank 0 alone prints progress; after each
/// test the failures of all ranks are gathered and shown with their rank, and a failure on any rank fails the run. A
/// test that takes longer than TEST_LIMIT seconds is ended with its stack on every rank.
namespace weft::test {

/// This process in MPI_COMM_WORLD.
int rank();
/// Number of processes in MPI_COMM_WORLD.
int size();

/// Collective over all ranks; for tests that must order two steps without the code under test.
void barrier();

}  // namespace weft::test

/// Skips the test, on all ranks alike, when the run has fewer than `n` ranks.
#define WEFT_NEEDS_RANKS(n) \
  if (weft::test::size() < (n)) GTEST_SKIP() << "needs " << (n) << " ranks"
