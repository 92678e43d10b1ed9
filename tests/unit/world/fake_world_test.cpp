// SPDX-License-Identifier: BSL-1.0
#include "support/fake_world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <optional>
#include <vector>

#include <weft/core/error.hpp>

namespace {

using weft::any_source;
using weft::any_tag;
using weft::completion;
using weft::datatype_of;
using weft::op_number;
using weft::op_status;
using weft::send_mode;
using weft::world_comm;
using weft::testing::fake_cluster;
using weft::testing::fake_options;

/// All worlds of a small cluster, with short spellings for messages of ints.
class ranks {
 public:
  explicit ranks(int n, fake_options options = {}) : cluster(n, std::move(options)) {
    for (int r = 0; r < n; ++r) worlds.push_back(cluster.world(r));
  }
  weft::transport& operator[](int r) { return *worlds[static_cast<std::size_t>(r)].transport; }

  op_number send(int from, int to, int tag, const std::vector<int>& data, send_mode mode = send_mode::standard) {
    return (*this)[from].isend({world_comm, to, tag}, data.data(), data.size(), datatype_of<int>, mode, &sent, now);
  }
  op_number receive(int at, int from, int tag, std::vector<int>& data) {
    return (*this)[at].irecv({world_comm, from, tag}, data.data(), data.size(), datatype_of<int>, &data, now);
  }
  std::vector<completion> poll(int r) {
    std::vector<completion> all(64);
    all.resize((*this)[r].poll(all, false));
    return all;
  }

  fake_cluster cluster;
  std::vector<weft::world> worlds;
  completion now;
  int sent = 0;
};

const std::vector<int> long_message(2000, 7);  // 8,000 bytes: past the eager limit

TEST(fake_matching, a_posted_receive_is_completed_by_poll) {
  ranks w(2);
  std::vector<int> got(3);
  EXPECT_NE(w.receive(1, 0, 5, got), op_number::completed);
  EXPECT_EQ(w.send(0, 1, 5, {1, 2, 3}), op_number::completed);
  EXPECT_EQ(w.now.token, &w.sent);
  auto done = w.poll(1);
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].token, &got);
  EXPECT_EQ(done[0].bytes, 12u);
  EXPECT_EQ(done[0].source, 0);
  EXPECT_EQ(done[0].tag, 5);
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(w.poll(1).empty());
  EXPECT_EQ(w.cluster.open_operations(1), 0u);
}

TEST(fake_matching, an_eager_message_is_copied_and_waits_unexpected) {
  ranks w(2);
  std::vector<int> data{4};
  EXPECT_EQ(w.send(0, 1, 1, data), op_number::completed);
  data[0] = 9;
  EXPECT_EQ(w.cluster.unreceived(1), 1u);
  std::vector<int> got(1);
  EXPECT_EQ(w.receive(1, any_source, any_tag, got), op_number::completed);
  EXPECT_EQ(got[0], 4);
  EXPECT_EQ(w.now.bytes, 4u);
  EXPECT_EQ(w.now.tag, 1);
}

TEST(fake_matching, without_completion_at_once_everything_comes_from_poll) {
  fake_options options;
  options.complete_at_once = false;
  ranks w(2, options);
  EXPECT_NE(w.send(0, 1, 1, {4}), op_number::completed);
  std::vector<int> got(1);
  EXPECT_NE(w.receive(1, 0, 1, got), op_number::completed);
  EXPECT_EQ(w.poll(0).size(), 1u);
  EXPECT_EQ(w.poll(1).size(), 1u);
  EXPECT_EQ(got[0], 4);
}

TEST(fake_matching, posted_receives_match_in_posting_order) {
  ranks w(2);
  std::vector<int> wild(1), exact(1), other(1);
  w.receive(1, any_source, any_tag, wild);
  w.receive(1, 0, 2, exact);
  w.receive(1, 0, 1, other);
  w.send(0, 1, 2, {20});
  w.send(0, 1, 1, {10});
  w.send(0, 1, 2, {21});
  EXPECT_EQ(wild[0], 20);
  EXPECT_EQ(other[0], 10);
  EXPECT_EQ(exact[0], 21);
  EXPECT_EQ(w.poll(1).size(), 3u);
}

TEST(fake_matching, unexpected_messages_match_in_sending_order) {
  ranks w(3);
  w.send(0, 2, 1, {1});
  w.send(1, 2, 1, {2});
  w.send(0, 2, 2, {3});
  w.send(0, 2, 1, {4});
  std::vector<int> got(1);
  w.receive(2, 0, any_tag, got);
  EXPECT_EQ(got[0], 1);
  w.receive(2, 0, 1, got);
  EXPECT_EQ(got[0], 4);
  w.receive(2, any_source, any_tag, got);
  EXPECT_EQ(got[0], 2);
  w.receive(2, any_source, any_tag, got);
  EXPECT_EQ(got[0], 3);
  EXPECT_EQ(w.cluster.unreceived(2), 0u);
}

TEST(fake_matching, a_long_send_completes_at_its_match) {
  ranks w(2);
  std::vector<int> data = long_message;
  const op_number sending = w.send(0, 1, 1, data);
  ASSERT_NE(sending, op_number::completed);
  EXPECT_TRUE(w.poll(0).empty());
  data.back() = 8;  // the buffer is read at the match
  std::vector<int> got(data.size());
  EXPECT_EQ(w.receive(1, 0, 1, got), op_number::completed);
  EXPECT_EQ(got, data);
  completion now;
  EXPECT_TRUE(w[0].test(sending, now));
  EXPECT_THROW(w[0].test(sending, now), weft::world_error);
}

TEST(fake_matching, the_eager_limit_itself_is_not_eager) {
  fake_options options;
  options.eager_bytes = 8;
  ranks w(2, options);
  EXPECT_EQ(w.send(0, 1, 1, {1}), op_number::completed);
  EXPECT_NE(w.send(0, 1, 1, {1, 2}), op_number::completed);
}

TEST(fake_matching, a_synchronous_send_completes_at_its_match) {
  ranks w(2);
  std::vector<int> data{3};
  const op_number sending = w.send(0, 1, 1, data, send_mode::synchronous);
  ASSERT_NE(sending, op_number::completed);
  completion now;
  EXPECT_FALSE(w[0].test(sending, now));
  std::vector<int> got(1);
  w.receive(1, 0, 1, got);
  EXPECT_TRUE(w[0].test(sending, now));
  EXPECT_EQ(got[0], 3);
}

TEST(fake_matching, a_rank_sends_to_itself) {
  ranks w(1);
  std::vector<int> got(long_message.size());
  EXPECT_NE(w.receive(0, 0, 1, got), op_number::completed);
  EXPECT_EQ(w.send(0, 0, 1, long_message), op_number::completed);
  EXPECT_EQ(w.poll(0).size(), 1u);
  EXPECT_EQ(got, long_message);
}

TEST(fake_matching, a_long_message_is_truncated_and_nothing_is_written_past_the_buffer) {
  ranks w(2);
  std::vector<int> got{0, 0, -1};
  completion now;
  w[1].irecv({world_comm, 0, 1}, got.data(), 2, datatype_of<int>, nullptr, now);
  w.send(0, 1, 1, {1, 2, 3, 4});
  auto done = w.poll(1);
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].status, op_status::truncated);
  EXPECT_EQ(done[0].bytes, 16u);
  EXPECT_EQ(got[2], -1);
}

TEST(fake_matching, wrong_arguments_are_refused) {
  ranks w(2);
  std::vector<int> data(1);
  EXPECT_THROW(w.send(0, 2, 1, data), weft::world_error);
  EXPECT_THROW(w.send(0, any_source, 1, data), weft::world_error);
  EXPECT_THROW(w.send(0, 1, any_tag, data), weft::world_error);
  EXPECT_THROW(w.send(0, 1, 32768, data), weft::world_error);
  EXPECT_THROW(w.receive(0, 7, 1, data), weft::world_error);
  EXPECT_THROW(w[0].size(weft::comm_id{3}), weft::world_error);
  EXPECT_EQ(w.cluster.messages(), 0u);
}

TEST(fake_probe, iprobe_leaves_the_message_and_improbe_takes_it) {
  ranks w(2);
  weft::matched_message found;
  EXPECT_FALSE(w[1].iprobe({world_comm, any_source, any_tag}, found));
  w.send(0, 1, 4, {1, 2});
  w.send(0, 1, 4, {3});
  ASSERT_TRUE(w[1].iprobe({world_comm, any_source, any_tag}, found));
  EXPECT_EQ(found.id, 0u);
  EXPECT_EQ(found.bytes, 8u);
  EXPECT_EQ(found.source, 0);
  EXPECT_EQ(found.tag, 4);
  ASSERT_TRUE(w[1].improbe({world_comm, 0, 4}, found));
  ASSERT_NE(found.id, 0u);
  std::vector<int> second(1);
  w.receive(1, 0, 4, second);  // cannot get the one that was taken out
  EXPECT_EQ(second[0], 3);
  std::vector<int> first(2);
  EXPECT_EQ(w[1].imrecv(found, first.data(), 2, datatype_of<int>, &first, w.now), op_number::completed);
  EXPECT_EQ(first, (std::vector<int>{1, 2}));
  EXPECT_EQ(w.now.token, &first);
  EXPECT_THROW(w[1].imrecv(found, first.data(), 2, datatype_of<int>, &first, w.now), weft::world_error);
}

TEST(fake_probe, a_long_send_completes_when_its_matched_message_is_received) {
  ranks w(2);
  w.send(0, 1, 4, long_message);
  weft::matched_message found;
  ASSERT_TRUE(w[1].improbe({world_comm, any_source, any_tag}, found));
  EXPECT_EQ(found.bytes, 8000u);
  EXPECT_TRUE(w.poll(0).empty());
  std::vector<int> got(2000);
  w[1].imrecv(found, got.data(), got.size(), datatype_of<int>, nullptr, w.now);
  EXPECT_EQ(w.poll(0).size(), 1u);
  EXPECT_EQ(got, long_message);
}

TEST(fake_cancel, a_withdrawn_receive_matches_nothing) {
  ranks w(2);
  std::vector<int> first(1), second(1);
  const op_number number = w.receive(1, 0, 1, first);
  w.receive(1, 0, 1, second);
  EXPECT_TRUE(w[1].cancel_recv(number, w.now));
  w.send(0, 1, 1, {5});
  EXPECT_EQ(first[0], 0);
  EXPECT_EQ(second[0], 5);
  EXPECT_EQ(w.poll(1).size(), 1u);
  EXPECT_THROW(w[1].cancel_recv(number, w.now), weft::world_error);
}

TEST(fake_cancel, a_cancel_that_comes_too_late_hands_out_the_completion) {
  ranks w(2);
  std::vector<int> got(1);
  const op_number number = w.receive(1, 0, 1, got);
  w.send(0, 1, 1, {5});
  completion now;
  EXPECT_FALSE(w[1].cancel_recv(number, now));
  EXPECT_EQ(now.token, &got);
  EXPECT_EQ(now.bytes, 4u);
  EXPECT_TRUE(w.poll(1).empty());
  EXPECT_EQ(w.cluster.open_operations(1), 0u);
}

TEST(fake_cancel, a_send_is_not_withdrawn) {
  ranks w(2);
  const op_number number = w.send(0, 1, 1, long_message);
  EXPECT_THROW(w[0].cancel_recv(number, w.now), weft::world_error);
}

TEST(fake_persistent, an_operation_is_started_many_times) {
  ranks w(2);
  int in = 0;
  int out = 0;
  completion now;
  const auto sends = w[0].send_init({world_comm, 1, 3}, &in, 1, datatype_of<int>, send_mode::standard);
  const auto receives = w[1].recv_init({world_comm, 0, 3}, &out, 1, datatype_of<int>);
  for (in = 1; in <= 3; ++in) {
    ASSERT_NE(w[1].start(receives, weft::noticed_by::poll, &out, now), op_number::completed);
    EXPECT_THROW(w[1].start(receives, weft::noticed_by::poll, &out, now), weft::world_error);
    EXPECT_THROW(w[1].free_persistent(receives), weft::world_error);
    EXPECT_EQ(w[0].start(sends, weft::noticed_by::poll, &in, now), op_number::completed);
    EXPECT_EQ(w.poll(1).size(), 1u);
    EXPECT_EQ(out, in);
  }
  w[0].free_persistent(sends);
  w[1].free_persistent(receives);
  EXPECT_THROW(w[1].start(receives, weft::noticed_by::poll, &out, now), weft::world_error);
}

TEST(fake_persistent, what_the_caller_notices_is_not_handed_out_by_poll) {
  ranks w(2);
  int out = 0;
  completion now;
  const auto receives = w[1].recv_init({world_comm, any_source, any_tag}, &out, 1, datatype_of<int>);
  const op_number first = w[1].start(receives, weft::noticed_by::caller, &out, now);
  EXPECT_FALSE(w[1].test(first, now));
  w.send(0, 1, 9, {6});
  EXPECT_TRUE(w.poll(1).empty());
  EXPECT_TRUE(w[1].test_briefly(first, now));
  EXPECT_EQ(now.token, &out);
  EXPECT_EQ(out, 6);
  const op_number second = w[1].start(receives, weft::noticed_by::caller, &out, now);
  EXPECT_TRUE(w[1].cancel_recv(second, now));
  w[1].free_persistent(receives);
}

TEST(fake_layout, strided_memory_is_sent_and_received_by_its_description) {
  ranks w(2);
  std::array<int, 12> matrix;  // 3 rows of 4
  std::iota(matrix.begin(), matrix.end(), 0);
  const auto column = weft::datatype::strided(datatype_of<int>, 3, 1, 4 * sizeof(int));
  completion now;
  w[0].isend({world_comm, 1, 1}, &matrix[1], 1, column, send_mode::standard, nullptr, now);
  w[0].isend({world_comm, 1, 2}, matrix.data(), 3, datatype_of<int>, send_mode::standard, nullptr, now);
  std::vector<int> got(3);
  w.receive(1, 0, 1, got);
  EXPECT_EQ(got, (std::vector<int>{1, 5, 9}));
  std::array<int, 12> into{};
  w[1].irecv({world_comm, 0, 2}, &into[2], 1, column, nullptr, now);
  EXPECT_EQ(into, (std::array<int, 12>{0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0}));
}

TEST(fake_delay, a_message_is_visible_after_as_many_progress_calls) {
  fake_options options;
  options.delay = [](int, int) { return 2u; };
  ranks w(2, options);
  w.send(0, 1, 1, {1});
  weft::matched_message found;
  EXPECT_FALSE(w.cluster.all_idle());
  EXPECT_FALSE(w[1].iprobe({world_comm, 0, 1}, found));
  EXPECT_TRUE(w[1].iprobe({world_comm, 0, 1}, found));
}

TEST(fake_delay, each_pair_keeps_its_order_and_pairs_overtake_each_other) {
  fake_options options;
  options.delay = weft::testing::random_delay(11, 5);
  ranks w(3, options);
  constexpr int each = 50;
  for (int i = 0; i < each; ++i) {
    w.send(0, 2, 0, {i});
    w.send(1, 2, 1, {i});
  }
  std::array<int, 2> next{};
  bool was_mixed = false;
  for (int turn = 0; next[0] + next[1] < 2 * each && turn < 1000; ++turn) {
    weft::matched_message found;
    if (!w[2].improbe({world_comm, any_source, any_tag}, found)) continue;
    int value = -1;
    w[2].imrecv(found, &value, 1, datatype_of<int>, nullptr, w.now);
    EXPECT_EQ(value, next[static_cast<std::size_t>(found.source)]++);
    was_mixed = was_mixed || next[1] > next[0];
  }
  EXPECT_EQ(next, (std::array<int, 2>{each, each}));
  EXPECT_TRUE(was_mixed);
}

TEST(fake_faults, a_stopped_rank_gets_its_messages_in_order_when_it_goes_on) {
  ranks w(2);
  std::vector<int> got(1);
  w.receive(1, 0, any_tag, got);
  w.cluster.stop(1);
  EXPECT_EQ(w.send(0, 1, 1, {1}), op_number::completed);
  const op_number synchronous = w.send(0, 1, 2, {2}, send_mode::synchronous);
  EXPECT_TRUE(w.poll(1).empty());
  EXPECT_FALSE(w[0].test(synchronous, w.now));
  EXPECT_EQ(got[0], 0);
  w.cluster.resume(1);
  w.send(0, 1, 3, {3});
  EXPECT_EQ(w.poll(1).size(), 1u);
  EXPECT_EQ(got[0], 1);
  EXPECT_EQ(w.cluster.unreceived(1), 2u);
}

TEST(fake_faults, abort_is_thrown_and_recorded) {
  ranks w(2);
  EXPECT_EQ(w.cluster.aborted(), -1);
  EXPECT_THROW(w[1].abort(5), weft::testing::fake_abort);
  EXPECT_EQ(w.cluster.aborted(), 5);
}

TEST(fake_time, only_the_test_moves_the_clock) {
  ranks w(2);
  const auto start = w[0].now();
  w[0].idle(start + std::chrono::seconds(3), 1, -1);
  EXPECT_EQ(w[1].now(), start);
  w.cluster.advance(std::chrono::seconds(2));
  EXPECT_EQ(w[1].now(), start + std::chrono::seconds(2));
  EXPECT_EQ(w.cluster.idle_calls(0), 1u);
}

TEST(fake_time, idleness_of_all_ranks_is_seen_until_something_happens) {
  ranks w(2);
  const auto when = w[0].now() + std::chrono::seconds(3);
  w[0].idle(weft::never, 1, -1);
  EXPECT_FALSE(w.cluster.all_idle());
  w[1].idle(when, 1, -1);
  EXPECT_TRUE(w.cluster.all_idle());
  EXPECT_EQ(w.cluster.next_deadline(), when);
  w.send(0, 1, 1, {1});
  EXPECT_FALSE(w.cluster.all_idle());
  w[0].idle(weft::never, 1, -1);
  w[1].idle(weft::never, 1, -1);
  EXPECT_TRUE(w.cluster.all_idle());
  EXPECT_EQ(w.cluster.next_deadline(), weft::never);  // a deadlock, if both still wait
}

TEST(fake_time, idle_jumps_when_the_test_allows_it) {
  fake_options options;
  options.idle_jumps = true;
  ranks w(2, options);
  const auto start = w[0].now();
  w[0].idle(start + std::chrono::seconds(3), 1, -1);
  EXPECT_EQ(w[0].now(), start);
  w[1].idle(start + std::chrono::seconds(2), 1, -1);
  EXPECT_EQ(w[0].now(), start + std::chrono::seconds(2));
}

TEST(fake_cost, a_rank_costs_the_fake_nothing_before_first_contact) {
  fake_cluster cluster(16384);
  const std::size_t empty = cluster.fake_bytes();
  auto world = cluster.world(9000);
  EXPECT_LT(cluster.fake_bytes() - empty, 1024u);
  EXPECT_EQ(world.transport->size(world_comm), 16384);
  EXPECT_EQ(world.transport->rank(world_comm), 9000);
}

TEST(fake_nodes, ranks_are_placed_in_order) {
  fake_options options;
  options.ranks_per_node = 2;
  ranks w(5, options);
  EXPECT_EQ(w[3].node().node_rank, 1);
  EXPECT_EQ(w[3].node().node_size, 2);
  EXPECT_EQ(w[4].node().node_size, 1);
  EXPECT_TRUE(w[3].same_node(2));
  EXPECT_FALSE(w[3].same_node(1));
  EXPECT_EQ(w[3].node_peer(0), 2);
  EXPECT_EQ(w.worlds[4].host->node().name, "node2");
}

}  // namespace
