// SPDX-License-Identifier: BSL-1.0
// ranks: 2
// What Boost.MPI's receives of unknown size get wrong, one test each (D1 to D8 of a comparison of MPI wrappers).
#include <chrono>
#include <string>
#include <vector>

#include <weft/async/spawn.hpp>
#include <weft/async/when_all.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/core/error.hpp>

#include "comm_fixture.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;

class order : public test::comm_fixture {
 protected:
  int other = 1 - self;
};

TEST_F(order, d1_waiting_for_all_leaves_no_operation_behind) {
  std::vector<future<int>> receives;
  for (int i = 0; i < 10; ++i) receives.push_back(comm.irecv<int>(other, i));
  for (int i = 0; i < 10; ++i) comm.send(other, i, int(i));
  for (auto& receive : receives) receive.wait();
  EXPECT_EQ(on_.pending(), 0u);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(receives[static_cast<std::size_t>(i)].get(), i);
  for (auto& receive : receives) EXPECT_TRUE(receive.ready());  // looking again touches nothing of MPI's
}

TEST_F(order, d2_a_receive_posted_first_gets_the_first_message) {
  if (self == 0) {
    comm.send(1, 0, std::string("first"));
    comm.send(1, 0, std::string("second"));
  } else {
    auto early = comm.irecv<std::string>(0, 0);
    EXPECT_EQ(comm.recv<std::string>(0, 0), "second");
    EXPECT_EQ(early.get(), "first");
  }
  comm.barrier();
  if (self == 0) {
    for (int i = 0; i < 4; ++i) comm.send(1, 7, int(i));
  } else {
    auto a = comm.irecv<std::vector<int>>(0, any_tag);
    auto b = comm.irecv<int>(0, 7);
    auto c = comm.irecv<std::vector<int>>(any_source, 7);
    EXPECT_EQ(comm.recv<int>(), 3);
    EXPECT_EQ(c.get(), std::vector<int>{2});
    EXPECT_EQ(b.get(), 1);
    EXPECT_EQ(a.get(), std::vector<int>{0});
  }
}

TEST_F(order, d3_both_receive_a_large_vector_and_send_one) {
  auto incoming = comm.irecv<std::vector<double>>(other, 0);
  comm.send(other, 0, std::vector<double>(1'000'000, self));
  EXPECT_EQ(incoming.get(), std::vector<double>(1'000'000, other));
}

TEST_F(order, d4_a_cancelled_receive_of_unknown_size_is_done) {
  auto receive = comm.irecv<std::string>(other, 0);
  EXPECT_TRUE(receive.cancel());
  EXPECT_THROW(receive.get(), operation_cancelled);
  comm.send(other, 0, "still here");
  EXPECT_EQ(comm.recv<std::string>(other, 0), "still here");
}

TEST_F(order, d5_a_dropped_send_of_a_large_string_arrives) {
  { auto dropped = comm.isend(other, 0, std::string(1 << 20, 's')); }
  EXPECT_EQ(comm.recv<std::string>(other, 0), std::string(1 << 20, 's'));
  comm.barrier();
}

TEST_F(order, d6_the_status_counts_the_bytes) {
  auto receive = comm.irecv<std::vector<double>>(other, 3);
  comm.send(other, 3, std::vector<double>(1000));
  receive.wait();
  EXPECT_EQ(receive.status().bytes, 1000 * sizeof(double));
  EXPECT_EQ(receive.status().source, other);
  EXPECT_EQ(receive.status().tag, 3);
}

TEST_F(order, d7_an_arrived_message_makes_its_future_ready) {
  auto receive = comm.irecv<std::vector<std::string>>(other, 0);
  comm.send(other, 0, std::vector<std::string>{"a"});
  comm.barrier();
  for (int i = 0; i < 100'000 && !receive.ready(); ++i) on_.poll();
  EXPECT_TRUE(receive.ready());
}

TEST_F(order, d8_wide_strings_arrive_whole) {
  comm.send(other, 0, std::wstring(L"wide"));
  EXPECT_EQ(comm.recv<std::wstring>(other, 0), L"wide");
}

TEST_F(order, a_message_that_does_not_fit_is_consumed) {
  for (std::size_t n : {std::size_t{3}, std::size_t{100'000}}) {
    auto send = comm.isend(other, 1, std::vector<int>(n, 7));
    int one = 0;
    try {
      comm.recv(one, other, 1);
      ADD_FAILURE() << "no message_mismatch";
    } catch (const message_mismatch& e) {
      EXPECT_EQ(e.received_bytes(), 4 * n);
      EXPECT_EQ(e.source(), other);
    }
    send.get();
    auto odd = comm.isend(other, 2, std::string(4 * n + 1, 'c'));
    EXPECT_THROW(comm.recv<std::vector<int>>(other, 2), message_mismatch);
    odd.get();
  }
  comm.barrier();
  EXPECT_FALSE(comm.iprobe());
}

TEST_F(order, completes_a_thousand_receives_in_any_order) {
  constexpr int n = 1000;
  std::vector<future<int>> receives;
  for (int tag = 0; tag < n; ++tag) receives.push_back(comm.irecv<int>(other, tag));
  comm.barrier();
  for (int i = 0; i < n; ++i) comm.send(other, i * 7 % n, i * 7 % n);
  for (int tag = 0; tag < n; ++tag) EXPECT_EQ(receives[static_cast<std::size_t>(tag)].get(), tag);
}

}  // namespace
}  // namespace weft
