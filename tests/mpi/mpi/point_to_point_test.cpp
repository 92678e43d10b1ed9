// SPDX-License-Identifier: BSL-1.0
#include <complex>
#include <cstddef>
#include <numeric>
#include <vector>

#include <weft/core/error.hpp>

#include "transport_fixture.hpp"

namespace {

using namespace weft;
using test::pending;

class point_to_point : public test::transport_fixture {
 protected:
  template <class T>
  void round_trip(T value) {
    pending in;
    pending out;
    T got{};
    receive(in, previous, 3, &got, 1, datatype_of<T>);
    send(out, next, 3, &value, 1, datatype_of<T>);
    const completion& c = finish(in);
    finish(out);
    EXPECT_EQ(got, value);
    EXPECT_EQ(c.status, op_status::ok);
    EXPECT_EQ(c.bytes, sizeof(T));
    EXPECT_EQ(c.source, previous);
    EXPECT_EQ(c.tag, 3);
  }
};

TEST_F(point_to_point, carries_every_kind_of_element) {
  round_trip(std::byte{200});
  round_trip('x');
  round_trip(true);
  round_trip(std::int8_t{-5});
  round_trip(std::int16_t{-500});
  round_trip(std::int32_t{-500000});
  round_trip(std::int64_t{-5} << 40);
  round_trip(std::uint8_t{255});
  round_trip(std::uint16_t{65535});
  round_trip(std::uint32_t{4000000000u});
  round_trip(~std::uint64_t{0});
  round_trip(1.5f);
  round_trip(-2.5);
  round_trip(3.5L);
  round_trip(std::complex<float>(1, 2));
  round_trip(std::complex<double>(1, 2));
}

TEST_F(point_to_point, carries_raw_objects) {
  struct record {
    int a;
    double b;
    char c[7];
    bool operator==(const record& o) const { return a == o.a && b == o.b && c[0] == o.c[0]; }
  };
  round_trip(record{5, 2.0, "six"});
}

TEST_F(point_to_point, finds_any_source_and_any_tag) {
  std::vector<pending> in(static_cast<std::size_t>(size));
  std::vector<int> got(in.size(), -1);
  for (std::size_t i = 0; i < in.size(); ++i) receive(in[i], any_source, any_tag, &got[i], 1, datatype_of<int>);
  std::vector<pending> out(in.size());
  for (int peer = 0; peer < size; ++peer) {
    send(out[static_cast<std::size_t>(peer)], peer, 100 + self, &self, 1, datatype_of<int>);
  }
  std::vector<bool> seen(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    const completion& c = finish(in[i]);
    EXPECT_EQ(got[i], c.source);
    EXPECT_EQ(c.tag, 100 + c.source);
    seen[static_cast<std::size_t>(c.source)] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), size);
  for (pending& p : out) finish(p);
}

TEST_F(point_to_point, finishes_a_small_send_at_once) {
  pending out;
  send(out, self, 1, &size, 1, datatype_of<int>);
  EXPECT_EQ(out.number, op_number::completed);
  pending in;
  int got = 0;
  receive(in, self, 1, &got, 1, datatype_of<int>);
  finish(in);
  EXPECT_EQ(got, size);
}

TEST_F(point_to_point, a_synchronous_send_waits_for_its_receive) {
  WEFT_NEEDS_RANKS(2);
  if (self == 0) {
    pending out;
    const int value = 5;
    send(out, 1, 1, &value, 1, datatype_of<int>, send_mode::synchronous);
    for (int i = 0; i < 100; ++i) turn();
    EXPECT_FALSE(out.done);
    meet();
    finish(out);
  } else {
    meet();
    pending in;
    int got = 0;
    if (self == 1) {
      receive(in, 0, 1, &got, 1, datatype_of<int>);
      finish(in);
      EXPECT_EQ(got, 5);
    }
  }
}

TEST_F(point_to_point, carries_large_vectors_both_ways_at_once) {
  std::vector<double> mine(500'000);
  std::iota(mine.begin(), mine.end(), self);
  std::vector<double> theirs(mine.size());
  pending in;
  pending out;
  send(out, next, 1, mine.data(), mine.size(), datatype_of<double>);
  receive(in, previous, 1, theirs.data(), theirs.size(), datatype_of<double>);
  EXPECT_EQ(finish(in).bytes, mine.size() * sizeof(double));
  finish(out);
  EXPECT_EQ(theirs.front(), previous);
  EXPECT_EQ(theirs.back(), previous + 499'999.0);
}

TEST_F(point_to_point, carries_a_column_into_a_row_and_back) {
  constexpr std::size_t rows = 70;
  constexpr std::size_t columns = 31;
  std::vector<int> matrix(rows * columns);
  std::iota(matrix.begin(), matrix.end(), 0);
  const datatype column = datatype::strided(datatype_of<int>, rows, 1, columns * sizeof(int));
  std::vector<int> row(rows);
  std::vector<int> copy(rows * columns, -1);
  pending in;
  pending out;
  receive(in, previous, 1, row.data(), rows, datatype_of<int>);
  send(out, next, 1, &matrix[4], 1, column);
  EXPECT_EQ(finish(in).bytes, rows * sizeof(int));
  finish(out);
  for (std::size_t i = 0; i < rows; ++i) EXPECT_EQ(row[i], matrix[i * columns + 4]);

  pending in_column;
  pending out_row;
  receive(in_column, previous, 2, &copy[7], 1, column);
  send(out_row, next, 2, row.data(), rows, datatype_of<int>);
  EXPECT_EQ(finish(in_column).bytes, rows * sizeof(int));
  finish(out_row);
  for (std::size_t i = 0; i < rows; ++i) EXPECT_EQ(copy[i * columns + 7], row[i]);
  EXPECT_EQ(std::count(copy.begin(), copy.end(), -1), static_cast<long>(rows * (columns - 1)));
}

TEST_F(point_to_point, keeps_more_layouts_than_its_cache_holds) {
  std::vector<int> from(2000);
  std::iota(from.begin(), from.end(), 0);
  for (std::size_t stride = 2; stride < 602; ++stride) {
    const datatype type = datatype::strided(datatype_of<int>, 3, 1, static_cast<std::int64_t>(stride * sizeof(int)));
    std::array<int, 3> got{};
    pending in;
    pending out;
    receive(in, self, 1, got.data(), 3, datatype_of<int>);
    send(out, self, 1, from.data(), 1, type);
    finish(in);
    finish(out);
    ASSERT_EQ(got[2], static_cast<int>(2 * stride));
  }
}

TEST_F(point_to_point, reports_a_message_that_is_too_long_with_its_size) {
  for (const std::size_t sent : {4u, 100'000u}) {
    std::vector<int> mine(sent, 7);
    std::array<int, 4> got{-1, -1, -1, -1};
    pending in;
    pending out;
    receive(in, previous, 1, got.data(), 3, datatype_of<int>);
    send(out, next, 1, mine.data(), sent, datatype_of<int>);
    const completion& c = finish(in);
    EXPECT_EQ(c.status, op_status::truncated);
    EXPECT_NE(c.code, 0);
    EXPECT_EQ(c.bytes, sent * sizeof(int));
    EXPECT_EQ(c.source, previous);
    EXPECT_EQ(got[3], -1) << "written past the buffer";
    finish(out);
  }
}

TEST_F(point_to_point, gives_the_bytes_of_a_shorter_message) {
  pending in;
  pending out;
  std::array<double, 10> got{};
  const double one = 1;
  receive(in, previous, 1, got.data(), got.size(), datatype_of<double>);
  send(out, next, 1, &one, 1, datatype_of<double>);
  EXPECT_EQ(finish(in).bytes, sizeof(double));
  finish(out);
  pending nothing;
  pending empty;
  receive(nothing, previous, 1, got.data(), got.size(), datatype_of<double>);
  send(empty, next, 1, nullptr, 0, datatype_of<double>);
  EXPECT_EQ(finish(nothing).bytes, 0u);
}

TEST_F(point_to_point, completes_10000_outstanding_receives) {
  constexpr std::size_t count = 10'000;
  std::vector<pending> in(count);
  std::vector<int> got(count);
  for (std::size_t i = 0; i < count; ++i) receive(in[i], previous, static_cast<int>(i), &got[i], 1, datatype_of<int>);
  std::vector<pending> out(count);
  std::vector<int> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (i * 7919) % count;  // any order but the posted one
    values[at] = static_cast<int>(at * 3);
    send(out[at], next, static_cast<int>(at), &values[at], 1, datatype_of<int>);
    if (i % 64 == 0) turn();
  }
  for (std::size_t i = 0; i < count; ++i) {
    finish(in[i]);
    finish(out[i]);
    ASSERT_EQ(got[i], static_cast<int>(i * 3));
  }
}

TEST_F(point_to_point, tests_one_of_many_and_polls_the_rest_into_little_room) {
  constexpr std::size_t count = 200;
  std::vector<pending> in(count);
  std::vector<int> got(count);
  for (std::size_t i = 0; i < count; ++i) receive(in[i], previous, static_cast<int>(i), &got[i], 1, datatype_of<int>);
  std::vector<pending> out(count);
  for (std::size_t i = 0; i < count; ++i) send(out[i], next, static_cast<int>(i), &self, 1, datatype_of<int>);
  completion now;
  while (!t.test(in[100].number, now)) {
  }
  EXPECT_EQ(now.token, &in[100]);
  EXPECT_EQ(now.tag, 100);
  EXPECT_THROW(t.test(in[100].number, now), world_error) << "a number is used up when its completion was handed out";
  std::size_t rest = 0;
  while (rest < count - 1) {
    std::array<completion, 3> news;
    const std::size_t handed_out = t.poll(news, false);
    for (const completion& c : std::span(news).first(handed_out)) {
      const auto* p = static_cast<pending*>(c.token);
      if (p >= in.data() && p < in.data() + count) ++rest;  // a send may be handed out as well
    }
  }
  EXPECT_EQ(rest, count - 1);
  meet();
}

TEST_F(point_to_point, spins_briefly_on_one_operation) {
  pending in;
  pending out;
  int got = 0;
  completion now;
  receive(in, self, 1, &got, 1, datatype_of<int>);
  EXPECT_FALSE(t.test_briefly(in.number, now));
  send(out, self, 1, &size, 1, datatype_of<int>);
  EXPECT_TRUE(t.test_briefly(in.number, now));
  EXPECT_EQ(got, size);
}

TEST_F(point_to_point, refuses_a_rank_that_is_not_there_with_mpis_text) {
  completion now;
  try {
    t.isend({world_comm, size, 0}, &self, 1, datatype_of<int>, send_mode::standard, nullptr, now);
    FAIL() << "not refused";
  } catch (const world_error& failure) {
    EXPECT_NE(std::string(failure.what()).find("MPI_Isend: "), std::string::npos) << failure.what();
    EXPECT_NE(std::string(failure.what()).find("rank"), std::string::npos) << failure.what();
  }
}

}  // namespace
