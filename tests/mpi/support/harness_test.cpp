// SPDX-License-Identifier: BSL-1.0
#include <mpi.h>

#include "support/mpi_test.hpp"

namespace {

TEST(harness, knows_the_world) {
  int rank = -1;
  int size = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  EXPECT_EQ(weft::test::rank(), rank);
  EXPECT_EQ(weft::test::size(), size);
}

TEST(harness, skips_on_too_few_ranks) {
  WEFT_NEEDS_RANKS(2);
  EXPECT_GE(weft::test::size(), 2);
}

}  // namespace
