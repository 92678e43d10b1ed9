// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <vector>

#include <weft/core/error.hpp>

#include "transport_fixture.hpp"

namespace {

using namespace weft;
using test::pending;

class persistent : public test::transport_fixture {
 protected:
  void start(pending& p, persistent_id id, noticed_by who = noticed_by::poll) {
    p = pending{};
    completion now;
    started(p, t.start(id, who, &p, now), now);
  }
};

TEST_F(persistent, starts_the_same_halo_10000_times) {
  int out = 0;
  int in = -1;
  const persistent_id receiving = t.recv_init({world_comm, previous, 4}, &in, 1, datatype_of<int>);
  const persistent_id sending = t.send_init({world_comm, next, 4}, &out, 1, datatype_of<int>, send_mode::standard);
  pending r;
  pending s;
  for (int i = 0; i < 10'000; ++i) {
    start(r, receiving);
    out = i * 10 + self;
    start(s, sending);
    const completion& c = finish(r);
    finish(s);
    ASSERT_EQ(in, i * 10 + previous);
    ASSERT_EQ(c.bytes, sizeof(int));
  }
  t.free_persistent(receiving);
  t.free_persistent(sending);
}

TEST_F(persistent, sends_large_and_synchronous_ones) {
  std::vector<double> out(100'000, self);
  std::vector<double> in(out.size());
  const persistent_id receiving =
      t.recv_init({world_comm, any_source, any_tag}, in.data(), in.size(), datatype_of<double>);
  const persistent_id sending =
      t.send_init({world_comm, next, 4}, out.data(), out.size(), datatype_of<double>, send_mode::synchronous);
  pending r;
  pending s;
  for (int i = 0; i < 10; ++i) {
    start(s, sending);
    start(r, receiving);
    EXPECT_EQ(finish(r).source, previous);
    finish(s);
    EXPECT_EQ(in.back(), previous);
  }
  t.free_persistent(receiving);
  t.free_persistent(sending);
}

TEST_F(persistent, a_ring_noticed_by_its_caller_is_not_polled) {
  constexpr std::size_t ring = 4;
  std::array<int, ring> slots{};
  std::array<persistent_id, ring> ids;
  std::array<pending, ring> heads;
  for (std::size_t i = 0; i < ring; ++i) {
    ids[i] = t.recv_init({world_comm, previous, 9}, &slots[i], 1, datatype_of<int>);
    start(heads[i], ids[i], noticed_by::caller);
    ASSERT_NE(heads[i].number, op_number::completed);
  }
  constexpr int messages = 100;
  std::vector<pending> sent(messages);
  std::vector<int> values(messages);
  for (int i = 0; i < messages; ++i) {
    values[static_cast<std::size_t>(i)] = i;
    send(sent[static_cast<std::size_t>(i)], next, 9, &values[static_cast<std::size_t>(i)], 1, datatype_of<int>);
  }
  for (int i = 0; i < messages; ++i) {
    const std::size_t head = static_cast<std::size_t>(i) % ring;
    completion now;
    std::array<completion, 8> news;
    while (!t.test(heads[head].number, now)) {
      const std::size_t count = t.poll(news, false);
      for (std::size_t n = 0; n < count; ++n) {
        EXPECT_GE(static_cast<pending*>(news[n].token), sent.data());
        EXPECT_LT(static_cast<pending*>(news[n].token), sent.data() + messages) << "a ring receive was polled";
        static_cast<pending*>(news[n].token)->done = true;
      }
    }
    EXPECT_EQ(slots[head], i) << "out of order";
    EXPECT_EQ(now.token, &heads[head]);
    start(heads[head], ids[head], noticed_by::caller);
  }
  for (pending& p : sent) finish(p);
  meet();
  for (std::size_t i = 0; i < ring; ++i) {
    completion now;
    EXPECT_TRUE(t.cancel_recv(heads[i].number, now));
    t.free_persistent(ids[i]);
  }
}

TEST_F(persistent, goes_on_after_a_message_that_was_too_long) {
  std::array<int, 3> in{};
  const persistent_id receiving = t.recv_init({world_comm, previous, 4}, in.data(), 2, datatype_of<int>);
  pending r;
  for (const noticed_by who : {noticed_by::poll, noticed_by::caller}) {
    const std::array<int, 3> too_long{1, 2, 3};
    pending s;
    start(r, receiving, who);
    send(s, next, 4, too_long.data(), 3, datatype_of<int>);
    completion now;
    if (who == noticed_by::poll) {
      now = finish(r);
    } else {
      while (!t.test(r.number, now)) {
      }
    }
    finish(s);
    EXPECT_EQ(now.status, op_status::truncated);
    EXPECT_EQ(now.bytes, 3 * sizeof(int));
    pending fits;
    start(r, receiving);
    send(fits, next, 4, &too_long[1], 2, datatype_of<int>);
    EXPECT_EQ(finish(r).status, op_status::ok);
    finish(fits);
    EXPECT_EQ(in[1], 3);
  }
  t.free_persistent(receiving);
}

TEST_F(persistent, uses_numbers_again_and_refuses_unknown_ones) {
  int value = 0;
  const persistent_id first = t.recv_init({world_comm, self, 1}, &value, 1, datatype_of<int>);
  t.free_persistent(first);
  completion now;
  EXPECT_THROW(t.start(first, noticed_by::poll, nullptr, now), world_error);
  EXPECT_THROW(t.free_persistent(first), world_error);
  const persistent_id second = t.recv_init({world_comm, self, 1}, &value, 1, datatype_of<int>);
  EXPECT_EQ(first, second);
  t.free_persistent(second);
}

}  // namespace
