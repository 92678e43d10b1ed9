// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/communicator.hpp>

#include <gtest/gtest.h>

#include <array>
#include <complex>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <weft/async/spawn.hpp>
#include <weft/core/error.hpp>

#include "support/comm_world.hpp"

namespace weft {
namespace {

using testing::comm_world;

enum class colour : std::uint16_t { red = 7, green = 9 };
struct point {
  double x, y;
  int id;
  friend bool operator==(const point&, const point&) = default;
};
struct record {
  std::string name;
  std::map<int, std::vector<std::string>> entries;
  friend bool operator==(const record&, const record&) = default;
};

template <class T>
void round_trip(const T& sent) {
  comm_world w(2);
  // Lvalue sent before the receive is posted, temporary sent after.
  auto send = w[0].isend(1, 3, sent);
  auto first = w[1].irecv<T>(0, 3);
  EXPECT_TRUE(w.get(first) == sent);
  w.get(send);
  auto second = w[1].irecv<T>();
  auto moved = w[0].isend(1, 4, T(sent));
  EXPECT_TRUE(w.get(second) == sent);
  EXPECT_EQ(second.status().source, 0);
  EXPECT_EQ(second.status().tag, 4);
  w.get(moved);
  EXPECT_EQ(w.cluster.messages(), 2u);
}

TEST(communicator, knows_rank_and_size) {
  comm_world w(3);
  EXPECT_EQ(w[2].rank(), 2);
  EXPECT_EQ(w[2].size(), 3);
}

TEST(communicator, carries_plain_values) {
  round_trip(42);
  round_trip(-1.5);
  round_trip(true);
  round_trip(colour::green);
  round_trip(std::complex<double>(1, -2));
  round_trip(point{1, 2, 3});
  round_trip(std::pair<int, double>(4, 0.25));
  round_trip(std::tuple<char, long, float>('x', 5, 0.5f));
  round_trip(std::array<double, 3>{1, 2, 3});
  round_trip(std::array<std::array<int, 2>, 3>{{{1, 2}, {3, 4}, {5, 6}}});
}

TEST(communicator, carries_vectors_and_strings_of_unknown_size) {
  round_trip(std::vector<double>{1, 2, 3});
  round_trip(std::vector<double>{});
  round_trip(std::string("hello"));
  round_trip(std::string());
  round_trip(std::u32string(U"wide"));
  round_trip(std::vector<point>{{1, 2, 3}, {4, 5, 6}});
  round_trip(std::vector<std::array<int, 3>>{{1, 2, 3}, {4, 5, 6}});
  std::vector<std::int64_t> large(100'000);
  std::iota(large.begin(), large.end(), 0);
  round_trip(large);
}

TEST(communicator, carries_everything_else_encoded_in_one_message) {
  round_trip(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  round_trip(std::vector<std::string>{"a", "", "ccc"});
  round_trip(std::vector<bool>{true, false, true});
  round_trip(std::optional<std::string>("x"));
  round_trip(std::variant<int, std::string>("y"));
  round_trip(record{"n", {{1, {"a", "b"}}, {2, {}}}});
  record large{"large", {}};
  for (int i = 0; i < 1000; ++i) large.entries[i] = {std::string(50, 'z')};
  round_trip(large);
}

TEST(communicator, sends_elements_as_a_raw_peer_sees_them) {
  comm_world w(2);
  w.get(w[0].isend(1, 0, std::array<std::array<double, 2>, 2>{{{1, 2}, {3, 4}}}));
  auto flat = w[1].irecv<std::vector<double>>();
  EXPECT_EQ(w.get(flat), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(flat.status().bytes, 4 * sizeof(double));
}

TEST(communicator, borrows_ranges_and_views) {
  comm_world w(2);
  std::vector<int> data(10'000);
  std::iota(data.begin(), data.end(), 0);
  auto send = w[0].isend(1, 0, data);
  data[5'000] = -1;  // not copied, and not yet taken
  EXPECT_FALSE(send.ready());
  std::vector<int> target(20'000);
  auto receive = w[1].irecv(target, 0, 0);
  EXPECT_EQ(w.get(receive), 10'000u);
  EXPECT_EQ(target[5'000], -1);
  w.get(send);

  int array[3] = {1, 2, 3};
  w.get(w[0].isend(1, 0, array));
  EXPECT_EQ(w.get(w[1].irecv(std::span(target).first(3))), 3u);
  EXPECT_EQ(target[2], 3);
  w.get(w[0].isend(1, 0, std::span<const int>(data).subspan(7, 2)));
  int two[2] = {};
  EXPECT_EQ(w.get(w[1].irecv(two)), 2u);
  EXPECT_EQ(two[1], 8);
  w.get(w[0].isend(1, 0, std::string_view("abc")));
  EXPECT_EQ(w.get(w[1].irecv<std::string>()), "abc");
  w.get(w[0].isend(1, 0, "literal"));
  EXPECT_EQ(w.get(w[1].irecv<std::string>()), "literal");
  w.get(w[0].isend(1, 0, 17));
  int value = 0;
  EXPECT_EQ(w.get(w[1].irecv(value)), 1u);
  EXPECT_EQ(value, 17);
}

TEST(communicator, sends_and_receives_strided_memory) {
  comm_world w(2);
  std::vector<int> matrix(12);
  std::iota(matrix.begin(), matrix.end(), 0);
  w.get(w[0].isend(1, 0, strided(matrix, 1, 3, 1, 4)));  // column 1 of 3 x 4
  std::vector<int> target(12, -1);
  EXPECT_EQ(w.get(w[1].irecv(strided(target, 2, 3, 1, 4))), 3u);
  EXPECT_EQ(target, (std::vector<int>{-1, -1, 1, -1, -1, -1, 5, -1, -1, -1, 9, -1}));
  // As a plain run on the other side.
  w.get(w[0].isend(1, 0, strided(matrix.data(), 2, 2, 6)));
  EXPECT_EQ(w.get(w[1].irecv<std::vector<int>>()), (std::vector<int>{0, 1, 6, 7}));
}

TEST(communicator, a_moved_in_vector_keeps_its_buffer) {
  comm_world w(2);
  std::vector<double> room(100);
  const double* memory = room.data();
  auto receive = w[1].irecv(std::move(room), 0, 0);
  w.get(w[0].isend(1, 0, std::vector<double>{1, 2}));
  const std::vector<double> got = w.get(receive);
  EXPECT_EQ(got, (std::vector<double>{1, 2}));
  EXPECT_EQ(got.data(), memory);
}

TEST(communicator, blocks_plain_code_and_turns_the_loop) {
  comm_world w(2);
  std::size_t told = 0;
  auto callback = [&told](const std::vector<int>& received) { told = received.size(); };
  auto then = w[1].irecv<std::vector<int>>(0, 1).then(callback);
  w[0].send(1, 1, std::vector<int>(5000, 1));
  w[0].send(1, 2, 8);
  EXPECT_EQ(w[1].recv<int>(0, 2), 8);
  w.get(then);
  EXPECT_EQ(told, 5000u);
  auto back = w[1].isend(0, 0, std::string("x"));
  EXPECT_EQ((w[0].sendrecv<std::string>(1, 5, 9, 1, 0)), "x");
  EXPECT_EQ(w[1].probe(0).bytes, sizeof(int));
  EXPECT_EQ(w[1].recv<int>(), 9);
}

TEST(communicator, synchronous_send_waits_for_the_receiver) {
  comm_world w(2);
  auto send = w[0].issend(1, 0, 1);
  w.settle();
  EXPECT_FALSE(send.ready());
  EXPECT_EQ(w.get(w[1].irecv<int>()), 1);
  w.get(send);
}

TEST(communicator, probes_without_taking) {
  comm_world w(2);
  EXPECT_FALSE(w[1].iprobe());
  w.get(w[0].isend(1, 6, std::vector<int>{1, 2, 3}));
  auto found = w[1].iprobe(0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tag, 6);
  EXPECT_EQ(found->bytes, 12u);
  EXPECT_FALSE(w[1].iprobe(0, 7));
  EXPECT_EQ(w.get(w[1].irecv<std::vector<int>>()).size(), 3u);
  EXPECT_FALSE(w[1].iprobe());
}

template <class Receive>
void expect_mismatch(comm_world& w, Receive receive, std::uint64_t bytes, unsigned line) {
  try {
    w.get(std::move(receive));
    ADD_FAILURE() << "no message_mismatch";
  } catch (const message_mismatch& e) {
    EXPECT_EQ(e.source(), 0);
    EXPECT_EQ(e.tag(), 5);
    EXPECT_EQ(e.received_bytes(), bytes);
    EXPECT_EQ(e.where().line, line);
  }
}

TEST(communicator, a_message_that_does_not_fit_is_an_error_and_consumed) {
  comm_world w(2);
  const auto send = [&w](auto value) { w.get(w[0].isend(1, 5, value)); };
  send(std::vector<int>{1, 2, 3});
  expect_mismatch(w, w[1].irecv<int>(), 12, __LINE__);  // too long
  send(std::int32_t{1});
  expect_mismatch(w, w[1].irecv<double>(), 4, __LINE__);  // too short
  send(std::string("abcde"));
  expect_mismatch(w, w[1].irecv<std::vector<int>>(), 5, __LINE__);  // no whole number
  send(std::vector<int>{1, 2, 3});
  int guarded[3] = {0, 0, 77};
  expect_mismatch(w, w[1].irecv(std::span(guarded).first(2)), 12, __LINE__);
  EXPECT_EQ(guarded[2], 77);
  send(std::map<int, int>{{1, 2}});
  const std::uint64_t encoded = w[1].iprobe()->bytes;
  expect_mismatch(w, w[1].irecv<std::map<int, long>>(), encoded, __LINE__);  // another type
  std::vector<int> junk(100, 0x7fffffff);
  send(junk);
  expect_mismatch(w, w[1].irecv<std::vector<std::string>>(), 400, __LINE__);
  EXPECT_EQ(w.cluster.unreceived(1), 0u);
}

// A blocking receive of a value that travels encoded takes a message that is there without posting anything.
TEST(communicator, a_blocking_receive_takes_what_is_there) {
  using words = std::map<int, std::string>;
  comm_world w(2);
  w.get(w[0].isend(1, 5, words{{1, "one"}}));
  EXPECT_EQ(w[1].recv<words>(0, 5), (words{{1, "one"}}));
  w.get(w[0].isend(1, 5, words{{2, "two"}}));
  const std::uint64_t encoded = w[1].iprobe()->bytes;
  const unsigned line = __LINE__ + 2;
  try {
    (void)w[1].recv<std::vector<std::string>>(0, 5);
    ADD_FAILURE() << "no message_mismatch";
  } catch (const message_mismatch& e) {
    EXPECT_EQ(e.source(), 0);
    EXPECT_EQ(e.tag(), 5);
    EXPECT_EQ(e.received_bytes(), encoded);
    EXPECT_EQ(e.where().line, line);
  }
  EXPECT_EQ(w.cluster.unreceived(1), 0u);
  EXPECT_THROW((void)w[1].recv<words>(2, 5), usage_error);
  EXPECT_THROW((void)w[1].recv<words>(0, -2), usage_error);
}

// One whose body waits for its receive: the operation is made when it is found not to come at once.
TEST(communicator, a_blocking_receive_of_a_long_encoded_message_waits_for_its_body) {
  comm_world w(2);
  const std::map<int, std::string> sent{{1, std::string(20'000, 'x')}};
  auto sending = w[0].isend(1, 5, sent);
  EXPECT_FALSE(sending.ready());
  EXPECT_EQ((w[1].recv<std::map<int, std::string>>(0, 5)), sent);
  w.get(sending);
}

TEST(communicator, a_rank_or_tag_that_does_not_exist_is_refused) {
  comm_world w(2);
  EXPECT_THROW((void)w[0].isend(2, 0, 1), usage_error);
  EXPECT_THROW((void)w[0].isend(-1, 0, 1), usage_error);
  EXPECT_THROW((void)w[0].isend(1, -1, std::string("x")), usage_error);
  EXPECT_THROW((void)w[0].irecv<int>(2), usage_error);
  EXPECT_THROW((void)w[0].irecv<std::string>(0, -2), usage_error);
  EXPECT_EQ(w.loop_of(0).pending(), 0u);
}

TEST(communicator, splits_and_duplicates) {
  comm_world w(4);
  std::vector<future<communicator>> parts;
  for (int r = 0; r < 4; ++r) parts.push_back(w[r].isplit(r == 3 ? -1 : r % 2, -r));
  std::vector<communicator> made;
  for (auto& part : parts) made.push_back(w.get(part));
  EXPECT_FALSE(made[3]);
  EXPECT_EQ(made[0].size(), 2);
  EXPECT_EQ(made[0].rank(), 1);  // key 0 against -2
  EXPECT_EQ(made[2].rank(), 0);
  EXPECT_EQ(made[1].size(), 1);
  auto incoming = w[2].irecv<int>(any_source, any_tag);
  w.get(made[0].isend(0, 1, 5));
  EXPECT_EQ(w.get(made[2].irecv<int>()), 5);  // not the one on the parent
  EXPECT_FALSE(incoming.ready());
  auto copy = made[2];
  made.clear();
  EXPECT_EQ(copy.size(), 2);
  EXPECT_TRUE(incoming.cancel());
}

TEST(communicator, lives_until_nothing_is_pending_on_it) {
  comm_world w(2);
  auto a = w[0].idup();
  auto b = w[1].idup();
  auto receiver = w.get(b);
  future<void> send;
  {
    auto sender = w.get(a);
    send = sender.issend(1, 0, std::string("late"));
  }
  EXPECT_EQ(w.get(receiver.irecv<std::string>()), "late");
  w.get(send);
}

}  // namespace
}  // namespace weft
