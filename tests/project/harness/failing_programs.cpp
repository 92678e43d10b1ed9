// SPDX-License-Identifier: BSL-1.0
// Tests that must fail; harness_test.py runs them one by one and checks what the run says about it.
#include <mpi.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "support/mpi_test.hpp"

namespace {

TEST(failing, passes) { EXPECT_EQ(weft::test::size(), 2); }

TEST(failing, on_rank_1_only) { EXPECT_EQ(weft::test::rank(), 0) << "the text of the rank that failed"; }

TEST(failing, throws_on_rank_1) {
  if (weft::test::rank() == 1) throw std::runtime_error("thrown on rank 1");
}

TEST(failing, leaves_a_request_on_rank_1) {
  if (weft::test::rank() != 1) return;
  static int never_sent;
  MPI_Request request;
  MPI_Irecv(&never_sent, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, &request);
}

TEST(failing, leaves_a_communicator) {
  MPI_Comm comm;
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
}

TEST(failing, hangs_on_rank_0_after_rank_1_failed) {
  EXPECT_EQ(weft::test::rank(), 0) << "failed before the hang";
  while (weft::test::rank() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

class failing_suite : public testing::Test {
 protected:
  static void SetUpTestSuite() { EXPECT_EQ(weft::test::rank(), 0) << "set-up failed"; }
};

TEST_F(failing_suite, passes_itself) { SUCCEED(); }

}  // namespace
