// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include <weft/core/error.hpp>

#include "support/fake_world.hpp"

namespace {

using weft::completion;
using weft::datatype_of;
using weft::op_number;
using weft::reduction;
using weft::transport;
using weft::world_comm;
using weft::testing::fake_cluster;

constexpr int n = 4;

/// Four ranks; `all` starts a collective on each and fetches the completions of all, which must come with the last
/// call.
class fake_collectives : public ::testing::Test {
 protected:
  fake_collectives() {
    for (int r = 0; r < n; ++r) worlds.push_back(cluster.world(r));
  }
  transport& at(int r) { return *worlds[static_cast<std::size_t>(r)].transport; }

  template <class Start>
  std::array<completion, n> all(Start start) {
    std::array<completion, n> out{};
    std::array<op_number, n> numbers{};
    for (int r = 0; r < n; ++r) {
      EXPECT_FALSE(r > 0 && at(0).test(numbers[0], out[0])) << "before rank " << r << " has entered";
      numbers[static_cast<std::size_t>(r)] = start(r, out[static_cast<std::size_t>(r)]);
    }
    EXPECT_EQ(numbers.back(), op_number::completed);
    for (int r = 0; r + 1 < n; ++r) {
      const auto i = static_cast<std::size_t>(r);
      EXPECT_TRUE(at(r).test(numbers[i], out[i]));
    }
    return out;
  }

  fake_cluster cluster{n};
  std::vector<weft::world> worlds;
};

TEST_F(fake_collectives, barrier) {
  std::array<int, n> tokens{};
  auto done = all(
      [&](int r, completion& now) { return at(r).ibarrier(world_comm, &tokens[static_cast<std::size_t>(r)], now); });
  for (std::size_t r = 0; r < n; ++r) EXPECT_EQ(done[r].token, &tokens[r]);
}

TEST_F(fake_collectives, bcast) {
  std::array<std::array<int, 2>, n> data{};
  data[2] = {7, 8};
  all([&](int r, completion& now) {
    return at(r).ibcast(world_comm, data[static_cast<std::size_t>(r)].data(), 2, datatype_of<int>, 2, nullptr, now);
  });
  for (const auto& d : data) EXPECT_EQ(d, (std::array<int, 2>{7, 8}));
}

TEST_F(fake_collectives, reduce_and_allreduce) {
  std::array<double, n> in{1, 2, 3, 4}, out{}, highest{};
  all([&](int r, completion& now) {
    const auto i = static_cast<std::size_t>(r);
    return at(r).ireduce(world_comm, &in[i], &out[i], 1, datatype_of<double>, {reduction::sum}, 1, nullptr, now);
  });
  EXPECT_EQ(out, (std::array<double, n>{0, 10, 0, 0}));
  highest = in;
  all([&](int r, completion& now) {
    return at(r).iallreduce(world_comm, nullptr, &highest[static_cast<std::size_t>(r)], 1, datatype_of<double>,
                            {reduction::maximum}, nullptr, now);
  });
  EXPECT_EQ(highest, (std::array<double, n>{4, 4, 4, 4}));
}

/// Not commutative: the digits of the lower ranks stand left.
void append_digits(const void* in, void* inout, std::uint64_t count) {
  const auto* left = static_cast<const std::uint64_t*>(in);
  auto* right = static_cast<std::uint64_t*>(inout);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t shift = 10;
    while (shift <= right[i]) shift *= 10;
    right[i] += left[i] * shift;
  }
}

TEST_F(fake_collectives, functions_are_applied_in_rank_order) {
  std::array<std::uint64_t, n> in{1, 2, 3, 4}, out{}, below{9, 9, 9, 9};
  const weft::op append{reduction::function, false, append_digits};
  all([&](int r, completion& now) {
    const auto i = static_cast<std::size_t>(r);
    return at(r).iscan(world_comm, &in[i], &out[i], 1, datatype_of<std::uint64_t>, append, false, nullptr, now);
  });
  EXPECT_EQ(out, (std::array<std::uint64_t, n>{1, 12, 123, 1234}));
  all([&](int r, completion& now) {
    const auto i = static_cast<std::size_t>(r);
    return at(r).iscan(world_comm, &in[i], &below[i], 1, datatype_of<std::uint64_t>, append, true, nullptr, now);
  });
  EXPECT_EQ(below, (std::array<std::uint64_t, n>{9, 1, 12, 123}));
}

TEST_F(fake_collectives, gather_with_counts_and_places) {
  std::vector<int> out(10, -1);
  const std::array<std::vector<int>, n> in{{{1}, {2, 3}, {}, {4}}};
  const std::vector<int> counts{1, 2, 0, 1}, displs{9, 0, 5, 4};
  all([&](int r, completion& now) {
    const auto& mine = in[static_cast<std::size_t>(r)];
    if (r != 3)
      return at(r).igather(world_comm, mine.data(), mine.size(), nullptr, {}, {}, datatype_of<int>, 3, nullptr, now);
    return at(r).igather(world_comm, mine.data(), mine.size(), out.data(), counts, displs, datatype_of<int>, 3, nullptr,
                         now);
  });
  EXPECT_EQ(out, (std::vector<int>{2, 3, -1, -1, 4, -1, -1, -1, -1, 1}));
}

TEST_F(fake_collectives, allgather_and_alltoall) {
  std::array<std::array<int, n>, n> got{}, in{}, out{};
  std::array<int, n> mine{10, 11, 12, 13};
  all([&](int r, completion& now) {
    const auto i = static_cast<std::size_t>(r);
    return at(r).iallgather(world_comm, &mine[i], 1, got[i].data(), {}, {}, datatype_of<int>, nullptr, now);
  });
  for (const auto& g : got) EXPECT_EQ(g, mine);
  for (int r = 0; r < n; ++r) {
    for (int to = 0; to < n; ++to) in[static_cast<std::size_t>(r)][static_cast<std::size_t>(to)] = 10 * r + to;
  }
  all([&](int r, completion& now) {
    const auto i = static_cast<std::size_t>(r);
    return at(r).ialltoall(world_comm, in[i].data(), 1, {}, {}, out[i].data(), {}, {}, datatype_of<int>, nullptr, now);
  });
  EXPECT_EQ(out[2], (std::array<int, n>{2, 12, 22, 32}));
}

TEST_F(fake_collectives, scatter_with_counts) {
  const std::vector<int> in{1, 2, 3, 4, 5, 6}, counts{1, 2, 3, 0}, displs{0, 1, 3, 0};
  std::array<std::vector<int>, n> out{{std::vector<int>(1), std::vector<int>(2), std::vector<int>(3), {}}};
  all([&](int r, completion& now) {
    auto& mine = out[static_cast<std::size_t>(r)];
    return at(r).iscatter(world_comm, in.data(), counts, displs, mine.data(), mine.size(), datatype_of<int>, 0, nullptr,
                          now);
  });
  EXPECT_EQ(out[1], (std::vector<int>{2, 3}));
  EXPECT_EQ(out[2], (std::vector<int>{4, 5, 6}));
}

TEST_F(fake_collectives, split_orders_by_key_and_keeps_traffic_apart) {
  auto made =
      all([&](int r, completion& now) { return at(r).split(world_comm, r == 3 ? -1 : r % 2, -r, nullptr, now); });
  EXPECT_EQ(made[3].bytes, transport::no_comm);
  const weft::comm_id even0{static_cast<std::uint32_t>(made[0].bytes)},
      even2{static_cast<std::uint32_t>(made[2].bytes)};
  EXPECT_EQ(at(0).size(even0), 2);
  EXPECT_EQ(at(0).rank(even0), 1);
  EXPECT_EQ(at(2).rank(even2), 0);
  const int value = 5;
  int got = 0;
  completion now;
  at(2).isend({even2, 1, 0}, &value, 1, datatype_of<int>, weft::send_mode::standard, nullptr, now);
  weft::matched_message found;
  EXPECT_FALSE(at(0).iprobe({world_comm, weft::any_source, weft::any_tag}, found));
  EXPECT_EQ(at(0).irecv({even0, 0, 0}, &got, 1, datatype_of<int>, nullptr, now), op_number::completed);
  EXPECT_EQ(got, 5);
}

TEST_F(fake_collectives, dup_and_free) {
  auto made = all([&](int r, completion& now) { return at(r).dup(world_comm, nullptr, now); });
  const weft::comm_id comm{static_cast<std::uint32_t>(made[0].bytes)};
  EXPECT_NE(comm, world_comm);
  EXPECT_EQ(at(0).size(comm), n);
  completion now;
  const int value = 5;
  at(1).isend({weft::comm_id{static_cast<std::uint32_t>(made[1].bytes)}, 0, 0}, &value, 1, datatype_of<int>,
              weft::send_mode::standard, nullptr, now);
  at(0).free_comm(comm);
  EXPECT_EQ(cluster.lost(), 1u);
  EXPECT_THROW(at(0).size(comm), weft::world_error);
  EXPECT_THROW(at(0).free_comm(world_comm), weft::world_error);
}

TEST_F(fake_collectives, ranks_that_disagree_are_refused) {
  int value = 0;
  completion now;
  at(0).ibcast(world_comm, &value, 1, datatype_of<int>, 0, nullptr, now);
  EXPECT_THROW(at(1).ibcast(world_comm, &value, 1, datatype_of<int>, 1, nullptr, now), weft::world_error);
  EXPECT_THROW(at(1).ibarrier(world_comm, nullptr, now), weft::world_error);
}

TEST_F(fake_collectives, counts_that_disagree_are_refused) {
  std::array<int, 2> value{};
  completion now;
  for (int r = 0; r < 3; ++r) at(r).ibcast(world_comm, value.data(), 1, datatype_of<int>, 0, nullptr, now);
  EXPECT_THROW(at(3).ibcast(world_comm, value.data(), 2, datatype_of<int>, 0, nullptr, now), weft::world_error);
}

TEST_F(fake_collectives, operations_that_an_element_does_not_have_are_refused) {
  double value = 0;
  completion now;
  const weft::op bits{reduction::bit_and};
  for (int r = 0; r < 3; ++r) at(r).iallreduce(world_comm, nullptr, &value, 1, datatype_of<double>, bits, nullptr, now);
  EXPECT_THROW(at(3).iallreduce(world_comm, nullptr, &value, 1, datatype_of<double>, bits, nullptr, now),
               weft::world_error);
}

TEST_F(fake_collectives, calls_are_matched_by_their_order_on_the_communicator) {
  std::array<std::array<int, 2>, n> values{};
  values[0] = {1, 2};
  completion now;
  for (int r = 0; r < n; ++r) {
    auto& mine = values[static_cast<std::size_t>(r)];
    at(r).ibcast(world_comm, &mine[0], 1, datatype_of<int>, 0, nullptr, now);
    at(r).ibcast(world_comm, &mine[1], 1, datatype_of<int>, 0, nullptr, now);
  }
  for (const auto& v : values) EXPECT_EQ(v, values[0]);
}

}  // namespace
