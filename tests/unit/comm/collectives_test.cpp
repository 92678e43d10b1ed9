// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/collectives.hpp>

#include <gtest/gtest.h>

#include <array>
#include <complex>
#include <map>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include <weft/comm/communicator.hpp>
#include <weft/core/error.hpp>

#include "support/comm_world.hpp"

namespace weft {
namespace {

using testing::comm_world;
using text_map = std::map<std::string, int>;

/// Starts a collective on every rank, by turns from the last, and returns every rank's value.
template <class Start>
auto on_all(comm_world& w, Start&& start) {
  using value = typename std::invoke_result_t<Start&, communicator&>::value_type;
  std::vector<future<value>> started(static_cast<std::size_t>(w.size()));
  for (int r = w.size(); r-- > 0;) {
    started[static_cast<std::size_t>(r)] = start(w[r]);
    w.turn();
  }
  if constexpr (std::is_void_v<value>) {
    for (auto& one : started) w.get(one);
  } else {
    std::vector<value> values;
    for (auto& one : started) values.push_back(w.get(one));
    return values;
  }
}

std::string text_of(int rank) { return std::string(static_cast<std::size_t>(rank) * 3, 'x'); }
text_map map_of(int rank) { return {{"rank", rank}, {text_of(rank), 1}}; }

class collectives_of : public ::testing::TestWithParam<int> {
 protected:
  comm_world w{GetParam()};
  std::size_t size = static_cast<std::size_t>(GetParam());
};

TEST_P(collectives_of, barrier_waits_for_all) {
  std::vector<future<void>> started;
  for (int r = 1; r < w.size(); ++r) started.push_back(w[r].ibarrier());
  w.settle();
  for (auto& one : started) EXPECT_FALSE(one.ready());
  w.get(w[0].ibarrier());
  for (auto& one : started) w.get(one);
}

TEST_P(collectives_of, bcast_gives_all_the_roots_value) {
  const int root = w.size() - 1;
  const auto all_equal = [&](auto value) {
    auto got = on_all(w, [&](communicator& c) { return c.ibcast(c.rank() == root ? value : decltype(value){}, root); });
    for (auto& one : got) EXPECT_EQ(one, value);
  };
  all_equal(7);
  all_equal(std::array<double, 3>{1, 2, 3});
  all_equal(std::vector<int>{1, 2, 3});
  all_equal(std::string(10'000, 'y'));
  all_equal(std::string());
  all_equal(map_of(4));
}

TEST_P(collectives_of, bcast_in_the_callers_memory) {
  std::vector<std::vector<int>> memory(size, std::vector<int>(6, -1));
  std::iota(memory[0].begin(), memory[0].end(), 0);
  on_all(w, [&](communicator& c) { return c.ibcast(std::span(memory[static_cast<std::size_t>(c.rank())]), 0); });
  for (auto& one : memory) EXPECT_EQ(one, memory[0]);
  memory[0] = {9, 9, 9, 9, 9, 9};
  on_all(w,
         [&](communicator& c) { return c.ibcast(strided(memory[static_cast<std::size_t>(c.rank())], 1, 3, 1, 2), 0); });
  for (std::size_t r = 1; r < size; ++r) EXPECT_EQ(memory[r], (std::vector<int>{0, 9, 2, 9, 4, 9}));
}

TEST_P(collectives_of, reductions_combine) {
  const int n = w.size();
  const int total = n * (n + 1) / 2;
  for (int got : on_all(w, [](communicator& c) { return c.iallreduce(c.rank() + 1, sum); })) EXPECT_EQ(got, total);
  for (int got : on_all(w, [](communicator& c) { return c.iallreduce(c.rank(), maximum); })) EXPECT_EQ(got, n - 1);
  for (auto& got : on_all(w, [](communicator& c) { return c.iallreduce(std::vector<double>{1.0 * c.rank(), 1}, sum); }))
    EXPECT_EQ(got, (std::vector<double>{1.0 * (total - n), 1.0 * n}));
  const auto at_root = on_all(w, [](communicator& c) { return c.ireduce(std::array<int, 2>{c.rank(), 1}, sum, 0); });
  EXPECT_EQ(at_root[0], (std::array<int, 2>{total - n, n}));
  for (std::size_t r = 1; r < size; ++r) EXPECT_FALSE(at_root[r]);
  const auto up_to = on_all(w, [](communicator& c) { return c.iscan(c.rank() + 1, sum); });
  const auto below = on_all(w, [](communicator& c) { return c.iexscan(std::vector<int>{c.rank() + 1}, sum); });
  for (int r = 0; r < n; ++r) {
    EXPECT_EQ(up_to[static_cast<std::size_t>(r)], (r + 1) * (r + 2) / 2);
    EXPECT_EQ(below[static_cast<std::size_t>(r)], std::vector<int>{r * (r + 1) / 2});
  }
}

struct affine {  // x -> a x + b; composing two is not commutative
  double a = 1, b = 0;
  friend bool operator==(const affine&, const affine&) = default;
};

TEST_P(collectives_of, reductions_by_a_function_keep_the_order_of_ranks) {
  const auto compose = [](affine f, affine g) { return affine{g.a * f.a, g.a * f.b + g.b}; };
  affine expected;
  for (int r = 0; r < w.size(); ++r) expected = compose(expected, affine{2.0, 1.0 * r});
  for (affine got : on_all(w, [&](communicator& c) { return c.iallreduce(affine{2.0, 1.0 * c.rank()}, compose); }))
    EXPECT_EQ(got, expected);
  const auto larger = commutative([](int a, int b) { return a < b ? b : a; });
  for (auto& got : on_all(w, [&](communicator& c) {
         return c.iallreduce(std::vector<int>{c.rank(), -c.rank()}, larger);
       }))
    EXPECT_EQ(got, (std::vector<int>{w.size() - 1, 0}));
}

TEST_P(collectives_of, allreduce_in_the_callers_memory) {
  std::vector<std::vector<int>> memory(size, std::vector<int>{1, 2});
  on_all(w, [&](communicator& c) { return c.iallreduce(std::span(memory[static_cast<std::size_t>(c.rank())]), sum); });
  for (auto& one : memory) EXPECT_EQ(one, (std::vector<int>{w.size(), 2 * w.size()}));
}

TEST_P(collectives_of, gather_and_allgather_values_of_any_kind) {
  const auto check = [this](auto make) {
    using value = decltype(make(0));
    std::vector<value> all;
    for (int r = 0; r < w.size(); ++r) all.push_back(make(r));
    for (auto& got : on_all(w, [&](communicator& c) { return c.iallgather(make(c.rank())); })) EXPECT_EQ(got, all);
    const auto at_root = on_all(w, [&](communicator& c) { return c.igather(make(c.rank()), 0); });
    EXPECT_EQ(at_root[0], all);
    for (std::size_t r = 1; r < size; ++r) EXPECT_TRUE(at_root[r].empty());
  };
  check([](int r) { return r; });
  check([](int r) { return r % 2 == 0; });
  check([](int r) { return std::array<int, 2>{r, -r}; });
  check(text_of);
  check([](int r) { return std::vector<std::array<double, 2>>(static_cast<std::size_t>(r), {1.0 * r, 2}); });
  check(map_of);
}

TEST_P(collectives_of, scatter_and_alltoall_values_of_any_kind) {
  const auto check = [this](auto make) {
    using value = decltype(make(0));
    const auto all = [&](int offset) {
      std::vector<value> values;
      for (int r = 0; r < w.size(); ++r) values.push_back(make(r + offset));
      return values;
    };
    const auto parts =
        on_all(w, [&](communicator& c) { return c.iscatter(c.rank() == 0 ? all(0) : std::vector<value>{}, 0); });
    for (std::size_t r = 0; r < size; ++r) EXPECT_EQ(parts[r], make(static_cast<int>(r)));
    const auto crossed = on_all(w, [&](communicator& c) { return c.ialltoall(all(10 * c.rank())); });
    for (std::size_t r = 0; r < size; ++r) {
      for (std::size_t from = 0; from < size; ++from)
        EXPECT_EQ(crossed[r][from], make(static_cast<int>(10 * from + r)));
    }
  };
  check([](int r) { return r; });
  check([](int r) { return r % 3 == 0; });
  check(text_of);
  check(map_of);
}

TEST_P(collectives_of, started_one_after_the_other_keep_their_order) {
  // Sizes are exchanged first; what is started behind must not come between. Ranks make progress at different times.
  std::vector<future<std::string>> texts;
  std::vector<future<int>> totals;
  std::vector<future<std::vector<std::string>>> gathers;
  std::vector<future<void>> barriers;
  for (int r = 0; r < w.size(); ++r) {
    texts.push_back(w[r].ibcast(std::string(r == 0 ? "root" : ""), 0));
    totals.push_back(w[r].iallreduce(1, sum));
    gathers.push_back(w[r].iallgather(text_of(r)));
    barriers.push_back(w[r].ibarrier());
    for (int i = 0; i < r; ++i) w.loop_of(i).turn();
  }
  for (auto& one : barriers) w.get(one);
  for (auto& one : texts) EXPECT_EQ(w.get(one), "root");
  for (auto& one : totals) EXPECT_EQ(w.get(one), w.size());
  for (auto& one : gathers) EXPECT_EQ(w.get(one).back(), text_of(w.size() - 1));
}

TEST_P(collectives_of, a_dropped_future_does_not_stop_the_others) {
  std::vector<future<std::string>> texts;
  for (int r = 0; r < w.size(); ++r) texts.push_back(w[r].ibcast(std::string(r == 0 ? "root" : ""), 0));
  texts.erase(texts.begin());
  for (auto& one : texts) EXPECT_EQ(w.get(one), "root");
  on_all(w, [](communicator& c) { return c.ibarrier(); });
  for (int r = 0; r < w.size(); ++r) EXPECT_EQ(w.loop_of(r).pending(), 0u);
}

TEST(collectives, wrong_roots_and_counts_are_refused) {
  comm_world w(2);
  EXPECT_THROW((void)w[0].ibcast(1, 2), usage_error);
  EXPECT_THROW((void)w[0].ireduce(1, sum, -1), usage_error);
  EXPECT_THROW((void)w[0].ialltoall(std::vector<int>{1}), usage_error);
  EXPECT_THROW((void)w[0].iscatter(std::vector<int>{1}, 0), usage_error);
}

TEST(collectives, block_plain_code) {
  comm_world w(1);
  EXPECT_EQ(w[0].allreduce(3, sum), 3);
  EXPECT_EQ(w[0].reduce(3, product, 0), 3);
  std::string text = "kept";
  w[0].bcast(text, 0);
  EXPECT_EQ(text, "kept");
  EXPECT_EQ(w[0].allgather(text), std::vector<std::string>{"kept"});
  EXPECT_EQ(w[0].scatter(std::vector<int>{4}, 0), 4);
  EXPECT_EQ(w[0].alltoall(std::vector<int>{4}), std::vector<int>{4});
  EXPECT_EQ(w[0].exscan(4, sum), 0);
  EXPECT_EQ(w[0].scan(4, sum), 4);
  w[0].barrier();
}

INSTANTIATE_TEST_SUITE_P(ranks, collectives_of, ::testing::Values(1, 2, 3, 5));

}  // namespace
}  // namespace weft
