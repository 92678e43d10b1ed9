// SPDX-License-Identifier: BSL-1.0
// Futures of messages in every state: moved, dropped, cancelled, timed out. No message may be lost or received twice.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <weft/async/spawn.hpp>
#include <weft/async/task.hpp>
#include <weft/async/timeout.hpp>
#include <weft/async/when_any.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/comm/persistent.hpp>
#include <weft/core/error.hpp>

#include "support/allocation_count.hpp"
#include "support/comm_world.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::comm_world;
using testing::fake_options;

template <class T>
struct sample;
template <>
struct sample<int> {
  static int make(int n = 5) { return n; }
};
template <>
struct sample<std::vector<double>> {
  static std::vector<double> make(int n = 5) { return std::vector<double>(3, n + 0.5); }
};
template <>
struct sample<std::map<int, int>> {
  static std::map<int, int> make(int n = 5) { return {{1, n}}; }
};

template <class T>
class futures_of : public ::testing::Test {};
using kinds = ::testing::Types<int, std::vector<double>, std::map<int, int>>;
TYPED_TEST_SUITE(futures_of, kinds);

TYPED_TEST(futures_of, a_moved_receive_completes_where_it_went) {
  comm_world w(2);
  auto first = w[1].irecv<TypeParam>(0, 0);
  auto second = std::move(first);
  EXPECT_FALSE(first.valid());
  first = std::move(second);
  w.get(w[0].isend(1, 0, sample<TypeParam>::make()));
  EXPECT_EQ(w.get(first), sample<TypeParam>::make());
}

TYPED_TEST(futures_of, a_dropped_or_cancelled_receive_takes_no_message) {
  comm_world w(2);
  { auto dropped = w[1].irecv<TypeParam>(0, 0); }
  auto cancelled = w[1].irecv<TypeParam>();
  EXPECT_TRUE(cancelled.cancel());
  EXPECT_FALSE(cancelled.cancel());
  EXPECT_THROW(cancelled.get(), operation_cancelled);
  auto overwritten = w[1].irecv<TypeParam>(0, 0);
  overwritten = {};
  w.get(w[0].isend(1, 0, sample<TypeParam>::make()));
  w.settle();
  EXPECT_EQ(w.cluster.unreceived(1), 1u);
  EXPECT_EQ(w.get(w[1].irecv<TypeParam>()), sample<TypeParam>::make());
  EXPECT_EQ(w.loop_of(1).pending(), 0u);
}

TYPED_TEST(futures_of, a_cancel_that_comes_too_late_leaves_the_value) {
  comm_world w(2);
  auto receive = w[1].irecv<TypeParam>(0, 0);
  w.get(w[0].isend(1, 0, sample<TypeParam>::make()));
  w.settle();
  EXPECT_FALSE(receive.cancel());
  EXPECT_EQ(receive.get(), sample<TypeParam>::make());
  // Done and dropped: nothing is left behind.
  auto done = w[1].irecv<TypeParam>(0, 0);
  w.get(w[0].isend(1, 0, sample<TypeParam>::make()));
  w.run_until([&done] { return done.ready(); });
  done = {};
  EXPECT_EQ(w.loop_of(1).pending(), 0u);
}

TYPED_TEST(futures_of, a_dropped_send_arrives) {
  fake_options options;
  options.eager_bytes = 0;  // completes only when it is received
  comm_world w(2, options);
  { auto dropped = w[0].isend(1, 0, sample<TypeParam>::make()); }
  auto kept = w[0].isend(1, 0, sample<TypeParam>::make());
  EXPECT_FALSE(kept.cancel());
  EXPECT_EQ(w.get(w[1].irecv<TypeParam>()), sample<TypeParam>::make());
  EXPECT_EQ(w.get(w[1].irecv<TypeParam>()), sample<TypeParam>::make());
  w.get(kept);
  EXPECT_EQ(w.loop_of(0).pending(), 0u);
}

TYPED_TEST(futures_of, a_receive_that_times_out_loses_no_message) {
  comm_world w(2);
  auto timed = with_timeout(w[1].irecv<TypeParam>(0, 0), 1s);
  auto waiting = spawn(w.loop_of(1), std::move(timed));
  EXPECT_THROW(w.get(waiting), timed_out);
  w.get(w[0].isend(1, 0, sample<TypeParam>::make()));
  EXPECT_EQ(w.get(w[1].irecv<TypeParam>()), sample<TypeParam>::make());
}

/// Numbered messages from rank 0 to rank 1, whose receives are withdrawn at any time: each message must be received once,
/// in order, by a receive that made it in time or by a later one.
template <class T>
class numbered_messages {
 public:
  explicit numbered_messages(unsigned seed) : w(2, late_messages(seed)), random(seed) {}

  /// Sends one message or none, so that some receives find nothing.
  void maybe_send() {
    if (random() % 3 == 0) return;
    sends_.push_back(w[0].isend(1, 0, sample<T>::make(sent_++)));
    if (sends_.size() <= 100) return;
    for (auto& send : sends_) w.get(send);
    sends_.clear();
  }
  void maybe_turn() {
    for (auto turns = random() % 4; turns > 0; --turns) w.turn();
  }
  void received(const T& value) { EXPECT_EQ(value, sample<T>::make(received_++)); }
  void withdrawn() { ++withdrawn_; }

  /// Receives what is left. Both outcomes must have been met often, else this would have been no race.
  void finish() {
    EXPECT_GT(withdrawn_, 100);
    EXPECT_GT(received_, 100);
    while (received_ < sent_) received(w.get(w[1].template irecv<T>(0, 0)));
    w.settle();
    EXPECT_FALSE(w[1].iprobe());
    EXPECT_EQ(w.loop_of(1).pending(), 0u);
  }

  comm_world w;
  std::mt19937 random;

 private:
  static fake_options late_messages(unsigned seed) {
    fake_options options;
    options.delay = testing::random_delay(seed, 3);
    options.complete_at_once = false;
    return options;
  }
  std::vector<future<void>> sends_;
  int sent_ = 0, received_ = 0, withdrawn_ = 0;
};

TYPED_TEST(futures_of, cancels_race_with_messages) {
  numbered_messages<TypeParam> messages(11);
  for (int round = 0; round < 10'000; ++round) {
    messages.maybe_send();
    auto receive = messages.w[1].template irecv<TypeParam>(0, 0);
    messages.maybe_turn();
    if (receive.cancel()) {
      messages.withdrawn();
    } else {
      messages.received(receive.get());
    }
  }
  messages.finish();
}

TYPED_TEST(futures_of, time_outs_race_with_messages) {
  numbered_messages<TypeParam> messages(12);
  comm_world& w = messages.w;
  for (int round = 0; round < 10'000; ++round) {
    auto limited = with_timeout(w[1].template irecv<TypeParam>(0, 0), 1ms);
    auto receive = spawn(w.loop_of(1), std::move(limited));
    if (messages.random() % 2 == 0) w.turn();
    messages.maybe_send();
    messages.maybe_turn();
    if (messages.random() % 2 == 0) w.cluster.advance(1ms);
    try {
      messages.received(w.get(receive));
    } catch (const timed_out&) {
      messages.withdrawn();
    }
  }
  messages.finish();
}

TYPED_TEST(futures_of, losers_of_when_any_race_with_messages) {
  numbered_messages<TypeParam> messages(13);
  comm_world& w = messages.w;
  for (int round = 0; round < 10'000; ++round) {
    auto bell = w[1].template irecv<int>(0, 1);
    auto either = when_any(w[1].template irecv<TypeParam>(0, 0), std::move(bell));
    auto first = spawn(w.loop_of(1), std::move(either));
    if (messages.random() % 2 == 0) w.turn();
    messages.maybe_send();
    auto ring = w[0].isend(1, 1, round);
    auto outcome = w.get(first);
    w.get(ring);
    auto& [value, rung] = outcome.values;
    if (value) {
      messages.received(*value);
    } else {
      messages.withdrawn();
    }
    EXPECT_EQ(rung ? *rung : w.get(w[1].template irecv<int>(0, 1)), round);
  }
  messages.finish();
}

TEST(futures, a_dropped_send_of_borrowed_memory_holds_until_it_is_free) {
  comm_world w(2);
  std::vector<int> data(5'000, 3);
  auto receive = w[1].irecv<std::vector<int>>();
  { auto dropped = w[0].isend(1, 0, data); }
  data.assign(5'000, 0);
  EXPECT_EQ(w.get(receive), std::vector<int>(5'000, 3));
}

void expect_blocking_calls_to_be_refused(communicator& comm) {
  try {
    comm.recv<int>(0, 0);
    ADD_FAILURE() << "recv blocked";
  } catch (const would_deadlock& e) {
    EXPECT_NE(std::string(e.what()).find("recv"), std::string::npos) << e.what();
  }
  EXPECT_THROW(comm.send(0, 0, 1), would_deadlock);
  EXPECT_THROW(comm.barrier(), would_deadlock);
}

task<> call_in_task(communicator& comm) {
  expect_blocking_calls_to_be_refused(comm);
  co_return;
}

TEST(futures, blocking_calls_are_refused_in_code_that_the_loop_runs) {
  comm_world w(2);
  auto body = call_in_task(w[1]);
  w.get(spawn(w.loop_of(1), std::move(body)));
  EXPECT_EQ(w.cluster.messages(), 0u);
}

TEST(futures, operations_of_known_size_allocate_nothing) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer counts its own";
  comm_world w(2);
  std::vector<double> out(100), in(100);
  persistent prepared_send = send_init(w[0], 1, 2, out);
  persistent prepared_receive = recv_init(w[1], in, 0, 2);
  const auto round = [&] {
    auto a = w[1].irecv<int>(0, 0);
    auto b = w[0].isend(1, 0, 7);
    auto c = w[1].irecv(in, 0, 1);
    auto d = w[0].isend(1, 1, out);
    auto e = prepared_receive.start();
    auto f = prepared_send.start();
    while (!a.ready() || !b.ready() || !c.ready() || !d.ready() || !e.ready() || !f.ready()) w.turn();
    return a.get();
  };
  for (int i = 0; i < 10; ++i) round();
  const auto before = test::allocations();
  for (int i = 0; i < 1000; ++i) round();
  EXPECT_EQ(test::allocations() - before, 0u);
}

TEST(persistent, carries_what_the_memory_holds_at_each_start) {
  comm_world w(2);
  int out = 0, in = -1;
  persistent send = send_init(w[0], 1, 0, out);
  persistent receive = recv_init(w[1], in, 0, 0);
  for (int i = 0; i < 100; ++i) {
    out = i;
    auto incoming = receive.start();
    auto outgoing = send.start();
    EXPECT_THROW((void)receive.start(), usage_error);
    EXPECT_EQ(w.get(incoming), 1u);
    EXPECT_EQ(w.get(outgoing), 1u);
    EXPECT_EQ(in, i);
  }
}

TEST(persistent, stands_behind_older_receives_of_unknown_size) {
  comm_world w(2);
  int in = -1;
  persistent receive = recv_init(w[1], in, 0, any_tag);
  auto older = w[1].irecv<std::vector<int>>(0, 4);
  auto started = receive.start();
  w.get(w[0].isend(1, 4, 1));
  w.get(w[0].isend(1, 4, 2));
  EXPECT_EQ(w.get(older), std::vector<int>{1});
  EXPECT_EQ(w.get(started), 1u);
  EXPECT_EQ(in, 2);
}

TEST(persistent, withdraws_and_starts_again) {
  comm_world w(2);
  int in = -1;
  persistent receive = recv_init(w[1], in);
  { auto dropped = receive.start(); }
  auto cancelled = receive.start();
  EXPECT_TRUE(cancelled.cancel());
  auto started = receive.start();
  persistent moved = std::move(receive);
  receive = {};
  w.get(w[0].isend(1, 0, 3));
  EXPECT_EQ(w.get(started), 1u);
  EXPECT_EQ(in, 3);
}

}  // namespace
}  // namespace weft
