// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weft/txn/lock_age.hpp>

namespace weft::txn {

enum class lock_mode : std::uint8_t { shared, exclusive };

/// What becomes of a request that conflicts (Rosenkrantz, Stearns, Lewis, "System level concurrency control for
/// distributed database systems", ACM TODS 3, 1978, for the two that go by age).
enum class lock_policy : std::uint8_t {
  wait_die,    ///< waits if it is older than all that it would wait for, else is refused
  no_wait,     ///< is refused
  wound_wait,  ///< takes locks away from younger ones, and waits for older ones
  timeout,     ///< waits; somebody has to give up one day
};

enum class lock_answer : std::uint8_t { granted, waiting, refused };

/// The locks of one partition. A pure object: it knows neither time nor messages.
///
/// Who has to wait stands in one queue per key and is never overtaken, so that a writer is not starved by readers; a
/// request therefore conflicts with those that wait as well. An owner that wants a stronger lock than it holds goes to
/// the front. Under `wait_die` everybody waits for younger ones only, under `wound_wait` for older ones, or for
/// victims, which have to release, unless they have all their locks everywhere and so wait for nobody: no circle of
/// waiting ever closes.
class lock_table {
 public:
  using owner_id = std::uint64_t;
  struct request {
    owner_id owner = 0;
    lock_age age;
    lock_mode mode = lock_mode::shared;
    std::uint64_t ticket = 0;  ///< of the caller's, to be told of the grant
  };

  explicit lock_table(lock_policy policy = lock_policy::wait_die) noexcept : policy_(policy) {}
  lock_table(const lock_table&) = delete;
  lock_table& operator=(const lock_table&) = delete;

  /// Asks for a lock; one that the owner holds already, or a stronger one, is granted at once. `waiting`: the ticket
  /// comes with `take_granted` one day. Under `wound_wait` there may be new victims. A refused owner keeps what it has,
  /// and is expected to `release`.
  lock_answer acquire(std::string_view key, const request& what);
  /// Frees everything that the owner holds and withdraws what it waits for.
  void release(owner_id owner);

  bool holds(owner_id owner, std::string_view key, lock_mode mode) const;
  bool is_waiting(owner_id owner) const;
  bool is_locked(const std::string& key) const { return locks_.count(key) != 0; }
  /// Tickets granted since the last call, in the order of their grants.
  std::vector<std::uint64_t> take_granted() { return std::exchange(granted_, {}); }
  bool has_granted() const noexcept { return !granted_.empty(); }
  /// Owners that must release, unless they have all their locks everywhere; each once.
  std::vector<owner_id> take_victims() { return std::exchange(victims_, {}); }
  std::size_t locked_keys() const noexcept { return locks_.size(); }
  lock_policy policy() const noexcept { return policy_; }

 private:
  struct lock {
    std::vector<request> holders;
    std::vector<request> waiters;  ///< the first one is next
  };
  using table = std::unordered_map<std::string, lock>;
  using entry = table::value_type;
  struct owner_state {
    std::vector<entry*> touched;  ///< where it holds or waits; an entry may stand here twice
    bool is_victim = false;
  };

  entry& entry_of(std::string_view key);
  owner_state& state_of(owner_id owner);
  lock_answer wait(entry& at, const request& what, std::size_t place);
  bool may_wait(const lock& at, const request& what, std::size_t ahead) const;
  void wound(const lock& at, const request& what, std::size_t ahead);
  void wound(const request& victim, const request& by);
  void grant(entry& at, const request& what);
  void grant_waiters(entry& at);
  void drop(entry& at, owner_id owner);

  lock_policy policy_;
  table locks_;
  using owners = std::unordered_map<owner_id, owner_state>;
  owners owners_;
  static constexpr std::size_t most_spare = 4096;
  std::vector<table::node_type> spare_locks_;  ///< memory of locks and owners that are gone
  std::vector<owners::node_type> spare_owners_;
  std::vector<std::uint64_t> granted_;
  std::vector<owner_id> victims_;
};

}  // namespace weft::txn
