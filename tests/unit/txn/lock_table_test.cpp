// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/lock_table.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <weft/core/random.hpp>

namespace {

using namespace weft::txn;
constexpr auto shared = lock_mode::shared;
constexpr auto exclusive = lock_mode::exclusive;
constexpr auto granted = lock_answer::granted;
constexpr auto waiting = lock_answer::waiting;
constexpr auto refused = lock_answer::refused;

/// Owner n has age n: the smaller, the older. The ticket is the owner.
lock_table::request by(std::uint64_t owner, lock_mode mode) { return {owner, {owner, 0}, mode, owner}; }

using numbers = std::vector<std::uint64_t>;

TEST(lock_table, readers_share_and_writers_do_not) {
  lock_table locks;
  EXPECT_EQ(locks.acquire("a", by(1, shared)), granted);
  EXPECT_EQ(locks.acquire("a", by(2, shared)), granted);
  EXPECT_EQ(locks.acquire("b", by(3, exclusive)), granted);
  EXPECT_EQ(locks.acquire("b", by(3, shared)), granted) << "it has more than that";
  EXPECT_TRUE(locks.holds(1, "a", shared));
  EXPECT_FALSE(locks.holds(1, "a", exclusive));
  EXPECT_TRUE(locks.holds(3, "b", shared));
  EXPECT_EQ(locks.locked_keys(), 2u);
  for (std::uint64_t owner : {1u, 2u, 3u}) locks.release(owner);
  EXPECT_EQ(locks.locked_keys(), 0u);
}

TEST(lock_table, under_wait_die_the_older_waits_and_the_younger_dies) {
  lock_table locks;
  EXPECT_EQ(locks.acquire("a", by(5, exclusive)), granted);
  EXPECT_EQ(locks.acquire("a", by(6, shared)), refused);
  EXPECT_EQ(locks.acquire("a", by(4, shared)), waiting);
  EXPECT_TRUE(locks.is_waiting(4));
  EXPECT_EQ(locks.acquire("a", by(3, shared)), waiting);
  locks.release(5);
  EXPECT_EQ(locks.take_granted(), (numbers{4, 3}));
  EXPECT_TRUE(locks.take_granted().empty());
}

TEST(lock_table, nobody_overtakes_a_waiting_writer) {
  lock_table locks;
  locks.acquire("a", by(5, shared));
  EXPECT_EQ(locks.acquire("a", by(3, exclusive)), waiting);
  EXPECT_EQ(locks.acquire("a", by(4, shared)), refused) << "younger than the writer that it would wait for";
  EXPECT_EQ(locks.acquire("a", by(2, shared)), waiting) << "older, and still behind it";
  locks.release(5);
  EXPECT_EQ(locks.take_granted(), (numbers{3}));
  locks.release(3);
  EXPECT_EQ(locks.take_granted(), (numbers{2}));
}

TEST(lock_table, an_upgrade_goes_to_the_front) {
  lock_table locks;
  locks.acquire("a", by(5, shared));
  EXPECT_EQ(locks.acquire("a", by(3, exclusive)), waiting);
  EXPECT_EQ(locks.acquire("a", by(5, exclusive)), granted);
  EXPECT_TRUE(locks.holds(5, "a", exclusive));
  locks.release(5);
  EXPECT_EQ(locks.take_granted(), (numbers{3}));
}

TEST(lock_table, of_two_upgrades_the_younger_dies) {
  lock_table locks;
  locks.acquire("a", by(1, shared));
  locks.acquire("a", by(2, shared));
  EXPECT_EQ(locks.acquire("a", by(1, exclusive)), waiting);
  EXPECT_EQ(locks.acquire("a", by(2, exclusive)), refused);
  locks.release(2);
  EXPECT_EQ(locks.take_granted(), (numbers{1}));
  EXPECT_TRUE(locks.holds(1, "a", exclusive));
}

TEST(lock_table, a_waiter_that_releases_is_out_of_the_queue) {
  lock_table locks;
  locks.acquire("a", by(5, shared));
  locks.acquire("a", by(3, exclusive));
  locks.acquire("a", by(2, shared));
  locks.release(3);
  EXPECT_EQ(locks.take_granted(), (numbers{2})) << "it stood behind the writer only";
}

TEST(lock_table, no_wait_refuses_every_conflict) {
  lock_table locks(lock_policy::no_wait);
  locks.acquire("a", by(5, exclusive));
  EXPECT_EQ(locks.acquire("a", by(1, shared)), refused);
  EXPECT_FALSE(locks.is_waiting(1));
}

TEST(lock_table, wound_wait_takes_locks_away_from_younger_ones) {
  lock_table locks(lock_policy::wound_wait);
  locks.acquire("a", by(5, exclusive));
  EXPECT_EQ(locks.acquire("a", by(6, exclusive)), waiting);
  EXPECT_TRUE(locks.take_victims().empty());
  EXPECT_EQ(locks.acquire("a", by(3, exclusive)), waiting);
  EXPECT_EQ(locks.take_victims(), (numbers{5, 6}));
  EXPECT_EQ(locks.acquire("a", by(2, exclusive)), waiting);
  EXPECT_EQ(locks.take_victims(), (numbers{3})) << "the others have been told";
  for (std::uint64_t owner : {6u, 5u, 3u}) locks.release(owner);
  EXPECT_EQ(locks.take_granted(), (numbers{3, 2})) << "3 was granted before it released";
}

TEST(lock_table, timeout_waits_whatever_the_age) {
  lock_table locks(lock_policy::timeout);
  locks.acquire("a", by(1, exclusive));
  EXPECT_EQ(locks.acquire("a", by(2, exclusive)), waiting);
  EXPECT_EQ(locks.acquire("a", by(3, shared)), waiting);
  locks.release(1);
  EXPECT_EQ(locks.take_granted(), (numbers{2}));
}

TEST(age_clock, nobody_is_left_behind) {
  age_clock busy(0), idle(1);
  for (int i = 0; i < 1000; ++i) busy.next();
  idle.observe(busy.counter());
  const lock_age late = idle.next();
  EXPECT_LT(busy.next(), late) << "equal counters go by rank";
  EXPECT_LT(late, busy.next());
}

/// Clients that lock some keys one after the other, in any order and strength, and then release: scheduled at random.
class random_schedule {
 public:
  random_schedule(lock_policy policy, std::uint64_t seed, std::size_t clients, std::size_t keys)
      : locks_(policy), random_(seed), clients_(clients), keys_(keys) {
    for (std::size_t c = 0; c < clients; ++c) begin(c);
  }

  /// Until everyone has finished `rounds` transactions. Returns the most attempts that one of them took.
  int run(int rounds) {
    std::size_t idle = 0;
    for (std::uint64_t steps = 0; !finished(rounds); ++steps) {
      if (steps > 50'000'000) {
        ADD_FAILURE() << "no end in sight";
        break;
      }
      const std::size_t c = random_.below(clients_.size());
      idle = step(c, rounds) ? 0 : idle + 1;
      if (idle > 100 * clients_.size() && everyone_waits(rounds)) {
        ADD_FAILURE() << "deadlock";
        break;
      }
    }
    return most_attempts_;
  }

 private:
  struct client {
    std::vector<std::pair<std::string, lock_mode>> wants;
    std::size_t next = 0;
    lock_age age;
    int done = 0;
    int attempts = 1;
    bool waits = false;
  };

  void begin(std::size_t c) {
    client& me = clients_[c];
    me.wants.clear();
    const std::size_t count = 1 + random_.below(4);
    for (std::size_t i = 0; i < count; ++i)
      me.wants.emplace_back(std::to_string(random_.below(keys_)), random_.below(2) == 0 ? shared : exclusive);
    // Read first, write later: upgrades are where the order of a queue is broken.
    for (std::size_t i = 0; i < count; ++i) {
      if (random_.below(2) == 0) me.wants.emplace_back(me.wants[i].first, exclusive);
    }
    me.age = clock_.next();
    me.attempts = 1;
    me.next = 0;
  }

  bool step(std::size_t c, int rounds) {
    client& me = clients_[c];
    if (me.waits || me.done >= rounds) return false;
    if (me.next == me.wants.size()) {
      most_attempts_ = std::max(most_attempts_, me.attempts);
      ++me.done;
      release(c);
      begin(c);
      return true;
    }
    const auto& [key, mode] = me.wants[me.next];
    const lock_answer answer = locks_.acquire(key, {c, me.age, mode, c});
    if (answer == granted) ++me.next;
    if (answer == waiting) me.waits = true;
    if (answer == refused) {
      EXPECT_FALSE(locks_.policy() == lock_policy::wait_die && is_oldest(c)) << "the oldest never dies";
      retry(c);
    }
    for (std::uint64_t victim : locks_.take_victims()) {
      EXPECT_FALSE(is_oldest(victim)) << "the oldest is never wounded";
      retry(victim);
    }
    check_grants();
    return true;
  }

  void retry(std::size_t c) {
    clients_[c].next = 0;
    ++clients_[c].attempts;
    release(c);
  }
  void release(std::size_t c) {
    clients_[c].waits = false;
    locks_.release(c);
    check_grants();
  }
  void check_grants() {
    for (std::uint64_t ticket : locks_.take_granted()) {
      client& lucky = clients_[ticket];
      if (!lucky.waits) continue;  // granted and then made a victim
      lucky.waits = false;
      const auto& [key, mode] = lucky.wants[lucky.next++];
      EXPECT_TRUE(locks_.holds(ticket, key, mode));
      for (std::size_t other = 0; other < clients_.size(); ++other) {
        if (other == ticket || mode == shared) continue;
        EXPECT_FALSE(locks_.holds(other, key, shared)) << "a writer is alone";
      }
    }
  }
  bool is_oldest(std::size_t c) const {
    return std::all_of(clients_.begin(), clients_.end(), [&](const client& o) { return clients_[c].age <= o.age; });
  }
  bool finished(int rounds) const {
    return std::all_of(clients_.begin(), clients_.end(), [&](const client& o) { return o.done >= rounds; });
  }
  bool everyone_waits(int rounds) const {
    return std::all_of(clients_.begin(), clients_.end(), [&](const client& o) { return o.waits || o.done >= rounds; });
  }

  lock_table locks_;
  weft::random_source random_;
  age_clock clock_{0};
  std::vector<client> clients_;
  std::size_t keys_;
  int most_attempts_ = 0;
};

TEST(lock_table, random_schedules_have_no_deadlock_and_nobody_starves) {
  for (lock_policy policy : {lock_policy::wait_die, lock_policy::wound_wait}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const int most = random_schedule(policy, seed, 8, 4).run(60);
      EXPECT_LT(most, 400) << "policy " << static_cast<int>(policy) << ", seed " << seed;
    }
  }
}

TEST(lock_table, random_schedules_of_one_key) {
  for (lock_policy policy : {lock_policy::wait_die, lock_policy::wound_wait, lock_policy::no_wait})
    random_schedule(policy, 7, 16, 1).run(500);
}

}  // namespace
