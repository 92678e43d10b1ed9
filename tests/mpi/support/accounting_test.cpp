// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2
#include <mpi.h>

#include <array>

#include "support/mpi_accounting.hpp"
#include "support/mpi_test.hpp"

namespace {

using weft::test::handle_kind;
using weft::test::open_handles;

TEST(accounting, counts_a_request_until_it_is_completed) {
  const auto before = open_handles();
  int in = 0;
  int out = 1;
  std::array<MPI_Request, 2> requests;
  MPI_Irecv(&in, 1, MPI_INT, 0, 1, MPI_COMM_SELF, &requests[0]);
  MPI_Issend(&out, 1, MPI_INT, 0, 1, MPI_COMM_SELF, &requests[1]);
  EXPECT_EQ(weft::test::describe_growth(before, open_handles()), "2 requests");
  MPI_Waitall(2, requests.data(), MPI_STATUSES_IGNORE);
  EXPECT_EQ(open_handles(), before);
}

TEST(accounting, counts_a_persistent_request_until_it_is_freed) {
  const auto before = open_handles();
  int in = 0;
  MPI_Request request;
  MPI_Recv_init(&in, 1, MPI_INT, MPI_PROC_NULL, 1, MPI_COMM_SELF, &request);
  MPI_Start(&request);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  EXPECT_EQ(open_handles()[handle_kind::request], before[handle_kind::request] + 1);
  MPI_Request_free(&request);
  EXPECT_EQ(open_handles(), before);
}

TEST(accounting, sees_a_cancelled_receive_completed_by_testsome) {
  const auto before = open_handles();
  int in = 0;
  MPI_Request request;
  MPI_Irecv(&in, 1, MPI_INT, 0, 1, MPI_COMM_SELF, &request);
  MPI_Cancel(&request);
  int done = 0;
  int index = 0;
  while (done == 0) MPI_Testsome(1, &request, &done, &index, MPI_STATUSES_IGNORE);
  EXPECT_EQ(open_handles(), before);
}

TEST(accounting, counts_a_matched_message_until_it_is_received) {
  const auto before = open_handles();
  int in = 0;
  const int out = 5;
  MPI_Request sent;
  MPI_Isend(&out, 1, MPI_INT, 0, 1, MPI_COMM_SELF, &sent);
  MPI_Message message;
  MPI_Mprobe(0, 1, MPI_COMM_SELF, &message, MPI_STATUS_IGNORE);
  EXPECT_EQ(open_handles()[handle_kind::message], before[handle_kind::message] + 1);
  MPI_Mrecv(&in, 1, MPI_INT, &message, MPI_STATUS_IGNORE);
  MPI_Wait(&sent, MPI_STATUS_IGNORE);
  EXPECT_EQ(open_handles(), before);
  EXPECT_EQ(in, 5);
}

TEST(accounting, counts_communicators_datatypes_and_operations) {
  const auto before = open_handles();
  MPI_Comm comm;
  MPI_Datatype type;
  MPI_Op op;
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  MPI_Type_contiguous(3, MPI_INT, &type);
  MPI_Op_create([](void*, void*, int*, MPI_Datatype*) {}, 1, &op);
  EXPECT_EQ(weft::test::describe_growth(before, open_handles()), "1 communicator, 1 datatype, 1 operation");
  MPI_Op_free(&op);
  MPI_Type_free(&type);
  MPI_Comm_free(&comm);
  EXPECT_EQ(open_handles(), before);
}

TEST(accounting, ignores_a_split_that_gave_nothing) {
  const auto before = open_handles();
  MPI_Comm comm;
  MPI_Comm_split(MPI_COMM_WORLD, MPI_UNDEFINED, 0, &comm);
  EXPECT_EQ(open_handles(), before);
}

}  // namespace
