// SPDX-License-Identifier: BSL-1.0
#include <vector>

#include <weft/core/error.hpp>

#include "transport_fixture.hpp"

namespace {

using namespace weft;
using test::pending;

class matched_probe : public test::transport_fixture {
 protected:
  matched_message next_message(int peer, int tag) {
    matched_message m;
    while (!t.improbe({world_comm, peer, tag}, m)) turn();
    return m;
  }
  void take(pending& p, const matched_message& m, void* data, std::uint64_t count) {
    completion now;
    started(p, t.imrecv(m, data, count, datatype_of<int>, &p, now), now);
  }
};

TEST_F(matched_probe, takes_messages_of_any_size_in_the_order_of_sending) {
  const std::vector<std::size_t> sizes{1, 100'000, 0, 1000, 1023, 1024, 1025, 50'000, 7};
  std::vector<pending> sent(sizes.size());
  std::vector<std::vector<int>> values(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    values[i].assign(sizes[i], static_cast<int>(i));
    send(sent[i], next, 6, values[i].data(), sizes[i], datatype_of<int>);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const matched_message m = next_message(any_source, any_tag);
    ASSERT_EQ(m.bytes, sizes[i] * sizeof(int));
    EXPECT_EQ(m.source, previous);
    EXPECT_EQ(m.tag, 6);
    std::vector<int> got(sizes[i], -1);
    pending p;
    take(p, m, got.data(), got.size());
    const completion& c = finish(p);
    EXPECT_EQ(c.bytes, m.bytes);
    EXPECT_EQ(c.source, previous);
    EXPECT_EQ(got, values[i]);
  }
  for (pending& p : sent) finish(p);
}

TEST_F(matched_probe, messages_may_be_received_in_another_order_than_matched) {
  const int one = 1;
  const int two = 2;
  pending a;
  pending b;
  send(a, next, 1, &one, 1, datatype_of<int>);
  send(b, next, 1, &two, 1, datatype_of<int>);
  const matched_message first = next_message(previous, 1);
  const matched_message second = next_message(previous, 1);
  int got_first = 0;
  int got_second = 0;
  pending p;
  pending q;
  take(q, second, &got_second, 1);
  take(p, first, &got_first, 1);
  finish(p);
  finish(q);
  EXPECT_EQ(got_first, 1);
  EXPECT_EQ(got_second, 2);
  finish(a);
  finish(b);
  EXPECT_THROW(take(p, first, &got_first, 1), world_error);
}

TEST_F(matched_probe, reports_a_message_that_is_too_long) {
  for (const std::size_t sent : {2u, 100'000u}) {
    const std::vector<int> values(sent, 4);
    pending out;
    send(out, next, 1, values.data(), sent, datatype_of<int>);
    const matched_message m = next_message(previous, 1);
    std::array<int, 2> got{-1, -1};
    pending in;
    take(in, m, got.data(), 1);
    EXPECT_EQ(finish(in).status, op_status::truncated);
    EXPECT_EQ(in.result.bytes, sent * sizeof(int));
    EXPECT_EQ(got[1], -1);
    finish(out);
  }
}

TEST_F(matched_probe, a_probe_leaves_the_message_there) {
  matched_message m;
  EXPECT_FALSE(t.iprobe({world_comm, previous, 77}, m));
  pending out;
  send(out, next, 1, &self, 1, datatype_of<int>);
  while (!t.iprobe({world_comm, any_source, any_tag}, m)) turn();
  EXPECT_EQ(m.id, 0u);
  EXPECT_EQ(m.bytes, sizeof(int));
  EXPECT_EQ(m.source, previous);
  int got = -1;
  pending in;
  receive(in, m.source, m.tag, &got, 1, datatype_of<int>);
  finish(in);
  EXPECT_EQ(got, previous);
  finish(out);
}

}  // namespace
