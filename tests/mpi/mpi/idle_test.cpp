// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 4
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "transport_fixture.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using test::pending;

using idle = test::transport_fixture;

TEST_F(idle, sleeps_when_nothing_happens_and_never_past_the_deadline) {
  mpi::mpi_transport sleeper(MPI_COMM_SELF, mpi::ownership::duplicate, {8, true, 50ms});
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const time_point deadline = sleeper.now() + 30ms;
  std::uint64_t turns = 0;
  while (sleeper.now() < deadline) sleeper.idle(deadline, turns++, -1);
  EXPECT_LT(sleeper.now() - deadline, 25ms);
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  EXPECT_GT(after.ru_nvcsw, before.ru_nvcsw) << "it never gave the processor away";
  EXPECT_LT(turns, 20'000u) << "it spun";
}

TEST_F(idle, a_readable_descriptor_ends_the_sleep) {
  mpi::mpi_transport sleeper(MPI_COMM_SELF, mpi::ownership::duplicate, {1, true, 10s});
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const time_point start = sleeper.now();
  std::thread waker([&] {
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(write(ends[1], "x", 1), 1);
  });
  // The sleep doubles up to 10 s, so without the descriptor the last one would last far longer than 50 ms.
  for (std::uint64_t turns = 0; sleeper.now() < start + 50ms; ++turns) sleeper.idle(never, turns, ends[0]);
  EXPECT_LT(sleeper.now() - start, 5s);
  waker.join();
  close(ends[0]);
  close(ends[1]);
}

TEST_F(idle, returns_at_once_on_the_first_rung) {
  mpi::mpi_transport spinner(MPI_COMM_SELF, mpi::ownership::duplicate, {1000, true, 1s});
  const time_point start = spinner.now();
  for (std::uint64_t turns = 0; turns < 1000; ++turns) spinner.idle(never, turns, -1);
  EXPECT_LT(spinner.now() - start, 50ms);
}

TEST_F(idle, passes_a_token_round_though_ranks_outnumber_processors) {
  WEFT_NEEDS_RANKS(2);
  constexpr int rounds = 500;
  int token = 0;
  meet();
  const time_point start = t.now();
  for (int i = 0; i < rounds; ++i) {
    pending in;
    pending out;
    if (self == 0) send(out, next, 1, &i, 1, datatype_of<int>);
    receive(in, previous, 1, &token, 1, datatype_of<int>);
    finish(in);
    ASSERT_EQ(token, i);
    if (self != 0) send(out, next, 1, &token, 1, datatype_of<int>);
    if (!out.done) finish(out);
  }
  const auto per_hop = (t.now() - start) / (rounds * size);
  EXPECT_LT(per_hop, 1ms) << "spinning ranks keep each other from running";
  RecordProperty("ns_per_hop", static_cast<int>(per_hop.count()));
}

}  // namespace
