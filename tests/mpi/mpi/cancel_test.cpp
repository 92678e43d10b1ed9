// SPDX-License-Identifier: BSL-1.0
#include <vector>

#include <weft/core/error.hpp>

#include "transport_fixture.hpp"

namespace {

using namespace weft;
using test::pending;

using cancel = test::transport_fixture;

TEST_F(cancel, withdraws_a_receive_that_nothing_matched) {
  int got = -1;
  pending in;
  completion now;
  receive(in, any_source, any_tag, &got, 1, datatype_of<int>);
  EXPECT_TRUE(t.cancel_recv(in.number, now));
  EXPECT_THROW(t.cancel_recv(in.number, now), world_error);
  meet();
  pending out;
  send(out, next, 1, &self, 1, datatype_of<int>);
  pending second;
  int value = -1;
  receive(second, previous, 1, &value, 1, datatype_of<int>);
  finish(second);
  finish(out);
  EXPECT_EQ(value, previous);
  EXPECT_EQ(got, -1) << "written after the buffer was given back";
}

TEST_F(cancel, withdraws_from_among_many) {
  std::vector<pending> in(300);
  std::vector<int> got(in.size(), -1);
  for (std::size_t i = 0; i < in.size(); ++i) {
    receive(in[i], previous, static_cast<int>(i), &got[i], 1, datatype_of<int>);
  }
  completion now;
  for (std::size_t i = 0; i < in.size(); i += 2) EXPECT_TRUE(t.cancel_recv(in[i].number, now));
  meet();
  std::vector<pending> out(in.size());
  for (std::size_t i = 1; i < in.size(); i += 2) {
    send(out[i], next, static_cast<int>(i), &self, 1, datatype_of<int>);
  }
  for (std::size_t i = 1; i < in.size(); i += 2) {
    finish(in[i]);
    finish(out[i]);
    ASSERT_EQ(got[i], previous);
  }
}

// Each message is received exactly once: by the receive that was to be withdrawn too late, or by the next one.
TEST_F(cancel, races_a_message_10000_times_and_loses_none) {
  constexpr int rounds = 10'000;
  int late = 0;
  for (int i = 0; i < rounds; ++i) {
    int got = -1;
    pending in;
    receive(in, previous, 1, &got, 1, datatype_of<int>);
    pending out;
    send(out, next, 1, &i, 1, datatype_of<int>);
    for (int spin = i % 7; spin > 0; --spin) t.test_briefly(in.number, in.result) ? spin = 0, in.done = true : false;
    if (!in.done && !t.cancel_recv(in.number, in.result)) {
      in.done = true;
      ++late;
    }
    if (!in.done) {
      receive(in, previous, 1, &got, 1, datatype_of<int>);
      finish(in);
    }
    ASSERT_EQ(in.result.status, op_status::ok);
    ASSERT_EQ(got, i);
    finish(out);
  }
  meet();
  matched_message left;
  EXPECT_FALSE(t.iprobe({world_comm, any_source, any_tag}, left));
  RecordProperty("too_late", late);
}

TEST_F(cancel, too_late_for_a_large_message_under_way) {
  const std::vector<double> mine(200'000, self);
  std::vector<double> theirs(mine.size());
  pending in;
  pending out;
  receive(in, previous, 1, theirs.data(), theirs.size(), datatype_of<double>);
  meet();
  send(out, next, 1, mine.data(), mine.size(), datatype_of<double>);
  completion now;
  for (int i = 0; i < 100 && !in.done; ++i) turn();
  if (!in.done && !t.cancel_recv(in.number, now)) {
    in.done = true;
    in.result = now;
  }
  if (!in.done) receive(in, previous, 1, theirs.data(), theirs.size(), datatype_of<double>);
  EXPECT_EQ(finish(in).bytes, mine.size() * sizeof(double));
  EXPECT_EQ(theirs.back(), previous);
  finish(out);
}

}  // namespace
