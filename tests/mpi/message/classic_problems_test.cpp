// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 3 4 8
// timeout: 120
// The classic problems of coordination over ranks: nobody waits for ever, nobody is overtaken without bound.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/message/channel.hpp>
#include <weft/message/mutex.hpp>
#include <weft/message/rpc.hpp>
#include <weft/message/select.hpp>
#include <weft/mpi/context.hpp>

#include "support/mpi_test.hpp"

namespace weft {
namespace {

constexpr duration a_moment = std::chrono::microseconds(20);

// --- the dining philosophers (Dijkstra, 1965): a fork is a mutex, its home the rank at its place -------------------------

constexpr int philosophers = 5;

/// On rank 0, unprotected: who eats.
struct dinner {
  std::array<bool, philosophers> eats{};
  int meals = 0;
  int together = 0;  ///< meals of two neighbours at once
};
void begin_meal(dinner& here, int who) {
  const auto at = static_cast<std::size_t>(who);
  if (here.eats[(at + 1) % philosophers] || here.eats[(at + philosophers - 1) % philosophers]) ++here.together;
  here.eats[at] = true;
}
void end_meal(dinner& here, int who) {
  here.eats[static_cast<std::size_t>(who)] = false;
  ++here.meals;
}

task<> dine(context& ctx, rpc<dinner>& calls, std::vector<std::unique_ptr<mutex>>& forks, int who, int meals) {
  const int left = who;
  const int right = (who + 1) % philosophers;
  mutex& first = *forks[static_cast<std::size_t>(std::min(left, right))];  // in one order: no circle of waiters
  mutex& second = *forks[static_cast<std::size_t>(std::max(left, right))];
  for (int i = 0; i < meals; ++i) {
    const permit one = co_await first.lock();
    const permit other = co_await second.lock();
    co_await calls.call<begin_meal>(0, who);
    if (i % 4 == 0) co_await sleep_for(ctx.loop(), a_moment);
    co_await calls.call<end_meal>(0, who);
  }
}

TEST(Classic, PhilosophersDine) {
  constexpr int meals = 15;
  context ctx(MPI_COMM_WORLD);
  dinner here;
  rpc calls(ctx, here);
  std::vector<std::unique_ptr<mutex>> forks;
  for (int i = 0; i < philosophers; ++i)
    forks.push_back(std::make_unique<mutex>(ctx, semaphore_options{.home = i % ctx.size()}));
  const auto all = [&]() -> task<> {
    scope seats(ctx.loop());
    for (int i = 0; i < philosophers; ++i) {
      if (i % ctx.size() == ctx.rank()) auto seated = seats.spawn(dine(ctx, calls, forks, i, meals));
    }
    co_await seats.join();
  };
  ctx.run(all());
  ctx.quiescence().get();
  if (ctx.rank() == 0) {
    EXPECT_EQ(here.meals, philosophers * meals);
    EXPECT_EQ(here.together, 0);
  }
  for (const auto& fork : forks) EXPECT_LE(fork->most_grants_waited(), 1u) << "a fork has two neighbours";
}

// --- readers and writers (Courtois, Heymans, Parnas, 1971) ---------------------------------------------------------------

/// On rank 0, unprotected: two halves that belong together.
struct record {
  std::int64_t one = 0;
  std::int64_t other = 0;
};
std::int64_t first_half(record& here) { return here.one; }
std::int64_t second_half(record& here) { return here.other; }
void write_first(record& here, std::int64_t value) { here.one = value; }
void write_second(record& here, std::int64_t value) { here.other = value; }

task<> read_often(rpc<record>& calls, shared_mutex& lock, int times) {
  for (int i = 0; i < times; ++i) {
    const permit held = co_await lock.lock_shared();
    const std::int64_t one = co_await calls.call<first_half>(0);
    const std::int64_t other = co_await calls.call<second_half>(0);
    EXPECT_EQ(one, other);
  }
}
task<> write_often(rpc<record>& calls, shared_mutex& lock, int times) {
  for (int i = 0; i < times; ++i) {
    const permit held = co_await lock.lock();
    const std::int64_t value = co_await calls.call<first_half>(0);
    co_await calls.call<write_first>(0, value + 1);
    co_await calls.call<write_second>(0, value + 1);
  }
}

TEST(Classic, ReadersSeeWholeRecordsAndWritersAreNotStarved) {
  constexpr int times = 10;
  context ctx(MPI_COMM_WORLD);
  record here;
  rpc calls(ctx, here);
  shared_mutex lock(ctx, {.home = ctx.size() - 1});
  const auto all = [&]() -> task<> {
    scope these(ctx.loop());
    for (int i = 0; i < 3; ++i) auto reading = these.spawn(read_often(calls, lock, times));
    auto writing = these.spawn(write_often(calls, lock, times));
    co_await these.join();
  };
  ctx.run(all());
  ctx.quiescence().get();
  if (ctx.rank() == 0) {
    EXPECT_EQ(here.one, std::int64_t{times} * ctx.size());
  }
  EXPECT_LT(lock.most_grants_waited(), static_cast<std::uint64_t>(4 * ctx.size()));
}

// --- the sleeping barber (Dijkstra, 1965): the chairs are the places of a channel ----------------------------------------

struct customer {
  int name = 0;
};
using chairs = channel<customer>;
using haircuts = std::vector<std::unique_ptr<channel<int>>>;  ///< one for each customer, who alone reads it

task<> cut_hair(context& ctx, chairs& room, haircuts& done, int& served) {
  while (auto next = co_await room.get()) {  // asleep while nobody is there
    if (++served % 16 == 0) co_await sleep_for(ctx.loop(), a_moment);
    co_await done[static_cast<std::size_t>(next->name)]->put(served);
  }
}
task<> visit_often(context& ctx, chairs& room, haircuts& done, int name, int times, int& cut, int& turned_away) {
  for (int i = 0; i < times; ++i) {
    auto sits_down = select(putting(room, customer{name}), sleep_for(ctx.loop(), std::chrono::milliseconds(1)));
    const auto chosen = co_await sits_down;
    if (chosen.index == 1) {
      ++turned_away;
      continue;
    }
    const auto number = co_await done[static_cast<std::size_t>(name)]->get();
    cut += number.has_value() ? 1 : 0;
  }
}

TEST(Classic, TheBarberServesWhoeverFindsAChair) {
  constexpr int each = 3;
  constexpr int times = 10;
  context ctx(MPI_COMM_WORLD);
  const int barber = ctx.size() - 1;
  chairs room(ctx, {.capacity = 2, .reader = barber});
  haircuts done;
  for (int i = 0; i < each * ctx.size(); ++i)
    done.push_back(std::make_unique<channel<int>>(ctx, channel_options{.reader = i % ctx.size()}));
  int served = 0;
  int cut = 0;
  int turned_away = 0;
  const auto all = [&]() -> task<> {
    scope shop(ctx.loop());
    scope street(ctx.loop());
    if (ctx.rank() == barber) auto working = shop.spawn(cut_hair(ctx, room, done, served));
    for (int i = 0; i < each; ++i) {
      const int name = i * ctx.size() + ctx.rank();
      auto visiting = street.spawn(visit_often(ctx, room, done, name, times, cut, turned_away));
    }
    co_await street.join();
    co_await ctx.world().ibarrier();
    room.close();
    co_await shop.join();
  };
  ctx.run(all());
  const int all_cut = ctx.world().allreduce(cut, weft::sum);
  EXPECT_EQ(all_cut + ctx.world().allreduce(turned_away, weft::sum), each * times * ctx.size());
  EXPECT_EQ(ctx.world().allreduce(served, weft::sum), all_cut);
  EXPECT_GT(all_cut, 0);
  ctx.quiescence().get();
}

// --- Santa Claus (Trono, 1994): nine reindeer go before three elves; a secretary for each gathers the groups --------------

constexpr int reindeer = 9;
constexpr int elves = 10;
using group = std::vector<int>;

struct north_pole {
  explicit north_pole(context& ctx, int santa)
      : stable(ctx, {.capacity = reindeer, .reader = santa}),
        workshop(ctx, {.capacity = elves, .reader = santa}),
        sleigh(ctx, {.reader = santa}),
        study(ctx, {.reader = santa}) {
    for (int i = 0; i < reindeer + elves; ++i)
      go.push_back(std::make_unique<channel<int>>(ctx, channel_options{.reader = i % ctx.size()}));
  }
  channel<int> stable;
  channel<int> workshop;
  channel<group> sleigh;
  channel<group> study;
  std::vector<std::unique_ptr<channel<int>>> go;  ///< to each reindeer, then each elf
};

task<> gather(channel<int>& from, std::size_t size, channel<group>& to) {
  group together;
  while (auto one = co_await from.get()) {
    together.push_back(*one);
    if (together.size() < size) continue;
    co_await to.put(std::exchange(together, {}));
  }
}
task<> live(context& ctx, channel<int>& home, channel<int>& go, int name, int& times) {
  try {
    for (;;) {
      if (name < reindeer) co_await sleep_for(ctx.loop(), 10 * a_moment);  // on holiday: else no elf's turn ever comes
      co_await home.put(name);
      const auto called = co_await go.get();
      if (!called) co_return;
      ++times;
    }
  } catch (const channel_closed&) {
  }
}

/// Serves so many groups of each kind; of both that are ready the sleigh goes first.
task<> be_santa(context& ctx, north_pole& pole, int years, int consultations, int& out_of_turn) {
  for (int flown = 0, consulted = 0; flown < years || consulted < consultations;) {
    auto hurried = select(getting(pole.sleigh), sleep_for(ctx.loop(), duration(0)));
    auto sleigh_first = co_await hurried;
    group together;
    if (sleigh_first.index == 0) {
      together = std::move(*std::get<0>(sleigh_first.values));
    } else {
      auto either = select(getting(pole.sleigh), getting(pole.study));
      auto chosen = co_await either;
      together = std::move(chosen.index == 0 ? *std::get<0>(chosen.values) : *std::get<1>(chosen.values));
    }
    const bool flies = together.size() == static_cast<std::size_t>(reindeer);
    ++(flies ? flown : consulted);
    for (const int name : together) {
      if (flies != (name < reindeer)) ++out_of_turn;
      co_await pole.go[static_cast<std::size_t>(name)]->put(flies ? flown : consulted);
    }
  }
  pole.stable.close();
  pole.workshop.close();
  pole.sleigh.close();
  pole.study.close();
  for (auto& each : pole.go) each->close();
}

task<> gather_to_the_end(channel<int>& from, std::size_t size, channel<group>& to) {
  try {
    co_await gather(from, size, to);
  } catch (const channel_closed&) {
  }
}

TEST(Classic, SantaServesReindeerAndElves) {
  constexpr int years = 3;
  constexpr int consultations = 12;
  context ctx(MPI_COMM_WORLD);
  const int santa = ctx.size() / 2;
  north_pole pole(ctx, santa);
  std::vector<int> times(reindeer + elves);
  int out_of_turn = 0;
  const auto all = [&]() -> task<> {
    scope these(ctx.loop());
    if (ctx.rank() == santa) {
      auto secretary = these.spawn(gather_to_the_end(pole.stable, reindeer, pole.sleigh));
      auto other = these.spawn(gather_to_the_end(pole.workshop, 3, pole.study));
      auto serving = these.spawn(be_santa(ctx, pole, years, consultations, out_of_turn));
    }
    for (int i = 0; i < reindeer + elves; ++i) {
      if (i % ctx.size() != ctx.rank()) continue;
      auto living = these.spawn(live(ctx, i < reindeer ? pole.stable : pole.workshop, *pole.go[static_cast<std::size_t>(i)], i,
                                     times[static_cast<std::size_t>(i)]));
    }
    co_await these.join();
  };
  ctx.run(all());
  EXPECT_EQ(out_of_turn, 0);
  const std::vector<int> in_all = ctx.world().allreduce(times, weft::sum);
  for (int i = 0; i < reindeer; ++i) EXPECT_GE(in_all[static_cast<std::size_t>(i)], years);
  for (int i = reindeer; i < reindeer + elves; ++i) EXPECT_GE(in_all[static_cast<std::size_t>(i)], 1) << "an elf waited for ever";
  ctx.quiescence().get();
}

}  // namespace
}  // namespace weft
