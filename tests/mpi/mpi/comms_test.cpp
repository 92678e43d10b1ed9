// SPDX-License-Identifier: BSL-1.0
#include <vector>

#include <weft/core/error.hpp>

#include "transport_fixture.hpp"

namespace {

using namespace weft;
using test::pending;

class comms : public test::transport_fixture {
 protected:
  comm_id made(pending& p) { return static_cast<comm_id>(finish(p).bytes); }
};

TEST_F(comms, duplicates_with_messages_of_their_own) {
  pending p;
  completion now;
  started(p, t.dup(world_comm, &p, now), now);
  const comm_id copy = made(p);
  EXPECT_EQ(t.size(copy), size);
  EXPECT_EQ(t.rank(copy), self);
  pending in_copy;
  pending in_world;
  int from_copy = 0;
  int from_world = 0;
  receive(in_copy, self, any_tag, &from_copy, 1, datatype_of<int>, copy);
  receive(in_world, self, any_tag, &from_world, 1, datatype_of<int>);
  const int one = 1;
  const int two = 2;
  pending a;
  pending b;
  send(a, self, 5, &one, 1, datatype_of<int>);
  send(b, self, 5, &two, 1, datatype_of<int>, send_mode::standard, copy);
  finish(in_copy);
  finish(in_world);
  EXPECT_EQ(from_world, 1);
  EXPECT_EQ(from_copy, 2);
  meet();
  t.free_comm(copy);
  EXPECT_THROW(t.size(copy), world_error);
}

TEST_F(comms, splits_by_colour_in_the_order_of_keys) {
  pending p;
  completion now;
  started(p, t.split(world_comm, self % 2, -self, &p, now), now);
  const comm_id half = made(p);
  const int members = (size + 1 - self % 2) / 2;
  EXPECT_EQ(t.size(half), members);
  EXPECT_EQ(t.rank(half), members - 1 - self / 2);
  meet(half);
  t.free_comm(half);
}

TEST_F(comms, gives_none_for_a_negative_colour) {
  pending p;
  completion now;
  started(p, t.split(world_comm, self == 0 ? 0 : -1, 0, &p, now), now);
  finish(p);
  if (self == 0) {
    EXPECT_EQ(t.size(static_cast<comm_id>(p.result.bytes)), 1);
  } else {
    EXPECT_EQ(p.result.bytes, transport::no_comm);
  }
}

TEST_F(comms, splits_of_splits_overlap_with_collectives_in_flight) {
  constexpr std::size_t rounds = 5;
  std::vector<pending> jobs(rounds);
  std::vector<pending> sums(rounds);
  std::vector<int> results(rounds);
  const op sum{reduction::sum, true, nullptr};
  for (std::size_t i = 0; i < rounds; ++i) {
    completion now;
    // One rank is late with its collectives: the jobs of the others must not wait inside MPI for it.
    for (int turns = 0; turns < 200 * (self + static_cast<int>(i)) % 700; ++turns) turn();
    started(jobs[i], i % 2 == 0 ? t.split(world_comm, self % 2, 0, &jobs[i], now) : t.dup(world_comm, &jobs[i], now),
            now);
    started(sums[i], t.iallreduce(world_comm, &size, &results[i], 1, datatype_of<int>, sum, &sums[i], now), now);
  }
  for (std::size_t i = 0; i < rounds; ++i) {
    finish(sums[i]);
    EXPECT_EQ(results[i], size * size);
    const comm_id child = made(jobs[i]);
    pending grandchild;
    completion now;
    started(grandchild, t.split(child, t.rank(child), 0, &grandchild, now), now);
    EXPECT_EQ(t.size(made(grandchild)), 1);
  }
}

TEST_F(comms, tests_a_job_by_its_number) {
  pending p;
  completion now;
  started(p, t.dup(world_comm, &p, now), now);
  ASSERT_NE(p.number, op_number::completed);
  while (!t.test(p.number, now)) {
  }
  EXPECT_EQ(now.token, &p);
  EXPECT_EQ(t.size(static_cast<comm_id>(now.bytes)), size);
}

TEST_F(comms, adopts_a_communicator_made_outside) {
  MPI_Comm reversed = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, 0, -self, &reversed);
  const comm_id id = t.adopt(reversed, true);
  EXPECT_EQ(t.native(id), reversed);
  EXPECT_EQ(t.rank(id), size - 1 - self);
  meet(id);
}

TEST_F(comms, leaves_the_parents_error_handler_alone) {
  MPI_Errhandler of_parent = MPI_ERRHANDLER_NULL;
  MPI_Comm_get_errhandler(MPI_COMM_WORLD, &of_parent);
  EXPECT_EQ(of_parent, MPI_ERRORS_ARE_FATAL);
  MPI_Errhandler_free(&of_parent);
  EXPECT_NE(t.native(world_comm), MPI_COMM_WORLD);

  mpi::mpi_transport attached(MPI_COMM_WORLD, mpi::ownership::attach);
  EXPECT_EQ(attached.native(world_comm), MPI_COMM_WORLD);
  MPI_Comm_get_errhandler(MPI_COMM_WORLD, &of_parent);
  EXPECT_EQ(of_parent, MPI_ERRORS_ARE_FATAL);
  MPI_Errhandler_free(&of_parent);
}

}  // namespace
