// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 3 4 8
#include <weft/port/port.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weft/async/timer.hpp>
#include <weft/mpi/context.hpp>
#include <weft/port/tree_sum.hpp>

#include "support/mpi_test.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;

std::uint64_t sum_over_ranks(std::uint64_t mine) {
  std::uint64_t sum = 0;
  MPI_Allreduce(&mine, &sum, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

TEST(Port, EveryRankFloodsEveryRankInOrder) {
  constexpr std::uint64_t per_pair = 20'000;
  context ctx(MPI_COMM_WORLD);
  std::vector<std::uint64_t> next(static_cast<std::size_t>(ctx.size()));
  std::uint64_t wrong = 0;
  auto handler = [&](int source, std::uint64_t value) { wrong += next[static_cast<std::size_t>(source)]++ != value; };
  port<std::uint64_t> p(ctx, handler);
  for (std::uint64_t i = 0; i < per_pair; ++i) {
    for (int r = 0; r < ctx.size(); ++r) p.post(r, i);
  }
  ctx.quiescence().get();
  EXPECT_EQ(wrong, 0u);
  for (std::uint64_t n : next) EXPECT_EQ(n, per_pair);
}

TEST(Port, HandlersThatPostToEachOtherUnderFloodFinish) {
  context ctx(MPI_COMM_WORLD);
  std::uint64_t handled = 0;
  port<std::uint64_t>* self = nullptr;
  auto handler = [&](int source, std::uint64_t left) {
    ++handled;
    if (left == 0) return;
    self->post((source + 1) % ctx.size(), left - 1);
    self->post(source, 0);
  };
  port<std::uint64_t> p(ctx, handler);
  self = &p;
  for (int i = 0; i < 5000; ++i) p.post(i % ctx.size(), 5);
  ctx.quiescence().get();
  EXPECT_EQ(sum_over_ranks(handled), 5000ull * 11 * static_cast<unsigned>(ctx.size()));
}

TEST(Port, LargeAndSmallMessagesKeepTheirOrder) {
  context ctx(MPI_COMM_WORLD);
  std::map<int, std::vector<std::vector<int>>> got;
  auto handler = [&](int source, std::vector<int>&& value) { got[source].push_back(std::move(value)); };
  port<std::vector<int>> p(ctx, handler);
  const auto message = [](int i) { return std::vector<int>(i % 3 == 0 ? 262'144 : static_cast<std::size_t>(i), i); };
  const int next = (ctx.rank() + 1) % ctx.size();
  for (int i = 0; i < 30; ++i) p.post(next, message(i));
  ctx.quiescence().get();
  const auto& values = got[(ctx.rank() + ctx.size() - 1) % ctx.size()];
  ASSERT_EQ(values.size(), 30u);
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(values[static_cast<std::size_t>(i)] == message(i)) << i;
}

TEST(Port, QuiescenceWaitsForHandlersThatSleepAndPostAgain) {
  context ctx(MPI_COMM_WORLD);
  int active = 0;
  std::uint64_t ended = 0;
  port<int>* self = nullptr;
  auto handler = [&](int, int left) -> task<> {
    ++active;
    co_await sleep_for(ctx, 300us);
    if (left > 0) self->post((ctx.rank() + left) % ctx.size(), left - 1);
    --active;
    ++ended;
  };
  port<int> p(ctx, handler);
  self = &p;
  auto program = [&]() -> task<> {
    for (int round = 1; round <= 3; ++round) {
      for (int i = 0; i < 5; ++i) p.post((ctx.rank() + i) % ctx.size(), 5);
      co_await ctx.quiescence();
      EXPECT_EQ(active, 0);
      EXPECT_EQ(sum_over_ranks(ended), 30ull * static_cast<unsigned>(round * ctx.size()));
    }
  };
  ctx.run(program());
}

TEST(Port, ARankThatBlocksElsewhereAnswers) {
  WEFT_NEEDS_RANKS(2);
  context ctx(MPI_COMM_WORLD);
  bool answered = false;
  port<int>* self = nullptr;
  auto handler = [&](int source, int kind) {
    if (kind == 0) self->post(source, 1);
    answered |= kind == 1;
  };
  port<int> p(ctx, handler);
  self = &p;
  if (ctx.rank() == 0) {
    p.post(1, 0);
    while (!answered) sleep_for(ctx, 10us).get();
  }
  ctx.quiescence().get();
}

/// Rank 1 asks through the port and lets rank 0's blocking call end only when the answer has come, so that a call that does
/// not serve the port would never return.
template <class Block, class Release>
void expect_answers_while_blocked(context& ctx, const Block& block, const Release& release) {
  bool answered = false;
  port<int>* self = nullptr;
  auto handler = [&](int source, int is_answer) {
    if (is_answer == 0) self->post(source, 1);
    answered |= is_answer == 1;
  };
  port<int> p(ctx, handler);
  self = &p;
  for (int round = 0; round < 20; ++round) {
    answered = false;
    if (ctx.rank() == 0) block();
    if (ctx.rank() == 1) {
      sleep_for(ctx, 2ms).get();  // far longer than the first microsecond, in which the blocked call looks only for its own
      p.post(0, 0);
      while (!answered) sleep_for(ctx, 10us).get();
      release();
    }
  }
  ctx.quiescence().get();
}

TEST(Port, ARankBlockedInAReceiveAnswers) {
  WEFT_NEEDS_RANKS(2);
  context ctx(MPI_COMM_WORLD);
  auto& world = ctx.world();
  expect_answers_while_blocked(
      ctx, [&] { EXPECT_EQ(world.recv<int>(1, 7), 42); }, [&] { world.send(0, 7, 42); });
  expect_answers_while_blocked(
      ctx, [&] { EXPECT_EQ(world.recv<std::string>(1, any_tag), "text"); }, [&] { world.send(0, 7, std::string("text")); });
}

TEST(Port, ARankBlockedInASendAnswers) {
  WEFT_NEEDS_RANKS(2);
  context ctx(MPI_COMM_WORLD);
  auto& world = ctx.world();
  const std::vector<double> large(1'000'000, 1.5);  // no transport takes it before it is received
  expect_answers_while_blocked(
      ctx, [&] { world.send(1, 7, large); }, [&] { EXPECT_TRUE(world.recv<std::vector<double>>(0, 7) == large); });
}

TEST(Port, RanksBlockedInABarrierAnswer) {
  WEFT_NEEDS_RANKS(2);
  context ctx(MPI_COMM_WORLD);
  communicator pair = ctx.world().split(ctx.rank() < 2 ? 0 : 1, ctx.rank());
  expect_answers_while_blocked(
      ctx, [&] { pair.barrier(); }, [&] { pair.barrier(); });
}

TEST(Port, TreeSumsAgree) {
  context ctx(MPI_COMM_WORLD);
  int rounds = 0;
  std::array<std::int64_t, 2> last{};
  auto done = [&](const std::array<std::int64_t, 2>& sums) {
    ++rounds;
    last = sums;
  };
  tree_sum<2> sum(ctx, done);
  for (int round = 1; round <= 50; ++round) {
    sum.contribute({ctx.rank(), round});
    while (rounds < round) ctx.poll();
    EXPECT_EQ(last[0], ctx.size() * (ctx.size() - 1) / 2);
    EXPECT_EQ(last[1], round * ctx.size());
  }
}

TEST(Port, ShutdownDeliversWhatIsUnderWay) {
  std::uint64_t handled = 0;
  {
    context ctx(MPI_COMM_WORLD);
    auto handler = [&](int, const std::string&) { ++handled; };
    port<std::string> p(ctx, handler);
    for (int i = 0; i < 2000; ++i) p.post((ctx.rank() + 1) % ctx.size(), std::string(100, 'x'));
    p.post((ctx.rank() + 1) % ctx.size(), std::string(1'000'000, 'x'));
    ctx.shutdown().get();
  }
  EXPECT_EQ(handled, 2001u);
}

TEST(Port, TwoContextsInOneProcess) {
  context first(MPI_COMM_WORLD);
  context second(boost::mpi::communicator(MPI_COMM_WORLD, boost::mpi::comm_duplicate));
  int got = 0;
  auto handler = [&](int, int value) { got += value; };
  port<int> a(first, handler);
  port<int> b(second, handler);
  a.post((first.rank() + 1) % first.size(), 1);
  b.post((first.rank() + 1) % first.size(), 10);
  first.quiescence().get();
  second.quiescence().get();
  EXPECT_EQ(got, 11);
}

}  // namespace
}  // namespace weft
