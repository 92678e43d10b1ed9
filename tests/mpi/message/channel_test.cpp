// SPDX-License-Identifier: BSL-1.0
#include <weft/message/channel.hpp>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/mpi/context.hpp>

#include "support/mpi_test.hpp"

namespace weft {
namespace {

task<> put_numbers(channel_writer<std::int64_t> into, std::int64_t first, int count) {
  for (int i = 0; i < count; ++i) co_await into.put(first + i);
}
task<> sum_up(channel_reader<std::int64_t> from, std::int64_t& sum, std::int64_t& count) {
  while (auto item = co_await from.get()) {
    sum += *item;
    ++count;
  }
}

/// Every rank puts and gets with two tasks of each kind; nothing is lost, nothing comes twice.
void pass_through(channel_options options) {
  constexpr int each = 500;
  context ctx(MPI_COMM_WORLD);
  channel<std::int64_t> c(ctx, options);
  std::int64_t sums[2] = {0, 0};
  const auto all = [&]() -> task<> {
    scope readers(ctx.loop());
    scope writers(ctx.loop());
    const bool reads = options.reader < 0 || options.reader == ctx.rank();
    for (int i = 0; i < 2; ++i) {
      if (reads) auto reading = readers.spawn(sum_up(c.reader(), sums[0], sums[1]));
      auto writing = writers.spawn(put_numbers(c.writer(), (ctx.rank() * 2 + i) * each, each));
    }
    co_await writers.join();
    co_await ctx.world().ibarrier();
    if (ctx.rank() == ctx.size() - 1) c.close();
    co_await readers.join();
  };
  ctx.run(all());
  const std::int64_t sum = ctx.world().allreduce(sums[0], weft::sum);
  const std::int64_t count = ctx.world().allreduce(sums[1], weft::sum);
  const std::int64_t total = std::int64_t{ctx.size()} * 2 * each;
  EXPECT_EQ(count, total);
  EXPECT_EQ(sum, total * (total - 1) / 2);
  ctx.quiescence().get();
}

TEST(Channel, AllRanksPutAndGetWithoutARoom) { pass_through({}); }
TEST(Channel, AllRanksPutAndGetThroughOnePlace) { pass_through({.capacity = 1}); }
TEST(Channel, AllRanksPutAndGetThroughManyPlaces) { pass_through({.capacity = 100}); }
TEST(Channel, AllRanksPutToOneReader) { pass_through({.capacity = 16, .reader = 0}); }

TEST(Channel, PlainCodePutsAndGets) {
  context ctx(MPI_COMM_WORLD);
  channel<std::vector<double>> c(ctx, {.capacity = 2, .reader = 0});
  constexpr int each = 20;
  const auto put_each = [&]() -> task<> {
    for (int i = 0; i < each; ++i) co_await c.put(std::vector<double>(10'000, i));
  };
  if (ctx.size() == 1) ctx.spawn(put_each());
  for (int i = 0; ctx.rank() != 0 && i < each; ++i) c.put(std::vector<double>(10'000, i)).get();
  if (ctx.rank() == 0) {
    double sum = 0;
    const int writers = ctx.size() == 1 ? 1 : ctx.size() - 1;
    for (int i = 0; i < each * writers; ++i) {
      const auto item = c.get().get();
      ASSERT_TRUE(item.has_value());
      sum += std::accumulate(item->begin(), item->end(), 0.0) / 10'000;
    }
    EXPECT_DOUBLE_EQ(sum, writers * each * (each - 1) / 2.0);
  }
  ctx.quiescence().get();
}

TEST(Channel, TimeOutsLoseNothing) {
  constexpr int each = 200;
  context ctx(MPI_COMM_WORLD);
  channel<std::int64_t> c(ctx, {.capacity = 3});
  std::int64_t put = 0;
  std::int64_t got = 0;
  const auto write = [&]() -> task<> {
    for (int i = 0; i < each; ++i) {
      try {
        auto putting = with_timeout(c.put(1), std::chrono::microseconds(i % 7 * 3));
        co_await putting;
        ++put;
      } catch (const timed_out&) {
      }
    }
  };
  const auto read = [&]() -> task<> {
    for (;;) {
      try {
        auto getting = with_timeout(c.get(), std::chrono::microseconds(got % 5 * 4));
        const auto item = co_await getting;
        if (!item) co_return;
        got += *item;
      } catch (const timed_out&) {
      }
    }
  };
  const auto both = [&]() -> task<> {
    auto reading = ctx.spawn(read());
    auto writing = ctx.spawn(write());
    co_await writing;
    co_await ctx.world().ibarrier();
    c.close();
    co_await reading;
  };
  ctx.run(both());
  EXPECT_EQ(ctx.world().allreduce(put, weft::sum), ctx.world().allreduce(got, weft::sum));
  ctx.quiescence().get();
}

}  // namespace
}  // namespace weft
