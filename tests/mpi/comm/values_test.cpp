// SPDX-License-Identifier: BSL-1.0
// Every kind of value around a ring: blocking, by callback and awaited.
#include <array>
#include <complex>
#include <list>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include <boost/serialization/map.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/version.hpp>

#include <weft/async/spawn.hpp>
#include <weft/async/task.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/comm/persistent.hpp>

#include "comm_fixture.hpp"

namespace weft {
namespace {

enum class colour : std::int16_t { red = -7, blue = 9 };
struct point {
  double x = 0, y = 0;
  int id = 0;
  friend bool operator==(const point&, const point&) = default;
};
class versioned {
 public:
  versioned() = default;
  explicit versioned(int v) : numbers_{{"v", v}} {}
  friend bool operator==(const versioned& a, const versioned& b) { return a.numbers_ == b.numbers_; }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, const unsigned version) {
    if (version == 3) archive& numbers_;
  }
  std::map<std::string, int> numbers_;
};

class values : public test::comm_fixture {
 protected:
  template <class T>
  task<> exchange(const T& mine, T& theirs, int tag) {
    auto incoming = comm.irecv<T>(previous, tag);
    auto outgoing = comm.isend(next, tag, mine);
    theirs = co_await incoming;
    co_await outgoing;
  }

  /// Sends `make(rank)` around the ring.
  template <class Make>
  void around(Make make) {
    using T = decltype(make(0));
    const T mine = make(self);
    const T expected = make(previous);
    // Blocking; temporaries.
    EXPECT_TRUE((comm.sendrecv<T>(next, 1, T(mine), previous, 1)) == expected);
    // By callback, posted first.
    bool called = false;
    auto callback = [&called, &expected](const T& theirs) { called = theirs == expected; };
    auto then = comm.irecv<T>(previous, 2).then(callback);
    comm.send(next, 2, mine);
    then.get();
    EXPECT_TRUE(called);
    // Awaited.
    T theirs{};
    auto body = exchange(mine, theirs, 3);
    spawn(on_, std::move(body)).get();
    EXPECT_TRUE(theirs == expected);
    // Sent before the receive is posted.
    auto early = comm.isend(next, 4, mine);
    EXPECT_EQ(comm.probe(previous, 4).tag, 4);
    EXPECT_TRUE(comm.recv<T>(previous, 4) == expected);
    early.get();
  }
};

TEST_F(values, plain) {
  around([](int r) { return r * 3; });
  around([](int r) { return r % 2 == 0; });
  around([](int r) { return r * 0.25; });
  around([](int r) { return static_cast<char>('a' + r); });
  around([](int r) { return r == 0 ? colour::red : colour::blue; });
  around([](int r) { return std::complex<double>(r, -r); });
  around([](int r) { return point{1.0 * r, 2, r}; });
  around([](int r) { return std::pair<int, double>(r, 0.5); });
  around([](int r) { return std::tuple<char, long, float>('x', r, 0.5f); });
  around([](int r) { return std::array<std::array<int, 2>, 2>{{{r, 1}, {2, 3}}}; });
}

TEST_F(values, of_a_size_that_the_receiver_finds) {
  for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{200'000}}) {
    around([n](int r) { return std::vector<double>(n, r); });
    around([n](int r) { return std::string(n, static_cast<char>('a' + r)); });
  }
  around([](int r) { return std::vector<point>(static_cast<std::size_t>(r), point{1, 2, r}); });
  around([](int r) { return std::vector<std::array<float, 3>>(100, {1.0f * static_cast<float>(r), 2, 3}); });
}

TEST_F(values, encoded) {
  around([](int r) { return std::map<std::string, std::vector<int>>{{"a", {r}}, {std::string(9000, 'k'), {1, 2}}}; });
  around([](int r) { return std::variant<int, std::string>(std::to_string(r)); });
  around([](int r) { return std::optional<std::list<int>>({r, 2}); });
  around([](int r) { return std::unordered_map<int, std::string>{{r, "x"}}; });
  around([](int r) { return std::set<std::string>{std::to_string(r), "b"}; });
  around([](int r) { return versioned(r); });
  around([](int r) { return std::vector<bool>(static_cast<std::size_t>(r) + 9, true); });
}

TEST_F(values, in_borrowed_memory) {
  std::vector<int> matrix(20 * 30);
  std::iota(matrix.begin(), matrix.end(), 1000 * self);
  std::vector<int> target(20, -1);
  auto incoming = comm.irecv(target, previous, 5);
  comm.send(next, 5, strided(matrix, 7, 20, 1, 30));
  EXPECT_EQ(incoming.get(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(target[static_cast<std::size_t>(i)], 1000 * previous + 30 * i + 7);
  auto column = comm.irecv(strided(matrix, 0, 20, 1, 30), previous, 6);
  comm.send(next, 6, std::span<const int>(target));
  EXPECT_EQ(column.get(), 20u);
  const int two_back = (self + 2 * size - 2) % size;
  EXPECT_EQ(matrix[30], 1000 * two_back + 37);
}

TEST_F(values, by_persistent_operations) {
  std::vector<double> out(100), in(100);
  std::vector<persistent> halo;
  halo.push_back(recv_init(comm, in, previous, 8));
  halo.push_back(send_init(comm, next, 8, out));
  std::vector<future<std::size_t>> started;
  for (int i = 0; i < 1000; ++i) {
    out[99] = i + self;
    start_all(halo, started);
    wait_all(started);
    ASSERT_EQ(in[99], i + previous);
  }
}

TEST_F(values, bcast_reduce_gather) {
  std::string text = self == 0 ? std::string(10'000, 'r') : "";
  comm.bcast(text, 0);
  EXPECT_EQ(text, std::string(10'000, 'r'));
  EXPECT_EQ(comm.allreduce(1, sum), size);
  const auto larger = commutative([](point a, point b) { return a.x < b.x ? b : a; });
  EXPECT_EQ(comm.allreduce(point{1.0 * self, 0, self}, larger).id, size - 1);
  const auto total = comm.reduce(std::vector<int>{self, 1}, sum, size - 1);
  EXPECT_EQ(total.has_value(), self == size - 1);
  if (total) {
    EXPECT_EQ((*total)[1], size);
  }
  EXPECT_EQ(comm.scan(1, sum), self + 1);
  EXPECT_EQ(comm.exscan(1, sum), self);
  const auto make = [](int r) {
    return std::map<int, std::string>{{r, std::string(static_cast<std::size_t>(r), 'g')}};
  };
  const auto all = comm.allgather(make(self));
  ASSERT_EQ(static_cast<int>(all.size()), size);
  for (int r = 0; r < size; ++r) EXPECT_EQ(all[static_cast<std::size_t>(r)], make(r));
  std::vector<std::vector<int>> parts;
  for (int r = 0; r < size; ++r) parts.push_back(std::vector<int>(static_cast<std::size_t>(r + self), r));
  const auto crossed = comm.alltoall(parts);
  for (int r = 0; r < size; ++r)
    EXPECT_EQ(crossed[static_cast<std::size_t>(r)], std::vector<int>(static_cast<std::size_t>(r + self), self));
  EXPECT_EQ(comm.scatter(self == 0 ? parts : std::vector<std::vector<int>>{}, 0),
            std::vector<int>(static_cast<std::size_t>(self), self));
  auto half = comm.split(self % 2, -self);
  EXPECT_EQ(half.allreduce(1, sum), (size + 1 - self % 2) / 2);
  auto copy = comm.dup();
  copy.barrier();
  comm.barrier();
}

}  // namespace
}  // namespace weft

BOOST_CLASS_VERSION(weft::versioned, 3)
