// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/timer_queue.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/txn/attempt.hpp>
#include <weft/txn/coordinator.hpp>
#include <weft/txn/lock_age.hpp>
#include <weft/txn/outcome.hpp>
#include <weft/txn/outcomes.hpp>
#include <weft/txn/resource_manager.hpp>
#include <weft/txn/site.hpp>

namespace weft::txn {

/// The attempts of one rank, by sequence: mostly the last few, without gaps.
class attempt_window {
 public:
  /// The next sequence.
  std::uint64_t next() const noexcept { return first_ + all_.size(); }
  /// The oldest that is there, or `next()`.
  std::uint64_t first() const noexcept { return first_; }
  std::size_t size() const noexcept { return count_; }
  attempt& add(std::unique_ptr<attempt> made) {
    ++count_;
    return *all_.emplace_back(std::move(made));
  }
  attempt* find(std::uint64_t sequence) const noexcept {
    return sequence < first_ || sequence >= next() ? nullptr : all_[static_cast<std::size_t>(sequence - first_)].get();
  }
  void erase(std::uint64_t sequence) {
    all_[static_cast<std::size_t>(sequence - first_)].reset();
    --count_;
    for (; !all_.empty() && all_.front() == nullptr; ++first_) all_.pop_front();
  }
  /// Null where one is over.
  const std::deque<std::unique_ptr<attempt>>& all() const noexcept { return all_; }

 private:
  std::deque<std::unique_ptr<attempt>> all_;
  std::uint64_t first_ = 1;
  std::size_t count_ = 0;
};

/// The coordinators of one rank.
class transaction_manager {
 public:
  struct settings {
    int rank = 0;
    int ranks = 1;
    std::uint32_t epoch = 1;
    decision_rule rule = decision_rule::implicit;
    lock_policy policy = lock_policy::wait_die;
    std::uint32_t placed_by = 0;  ///< as in `store_options`
    std::size_t key_bytes = 0;    ///< as for `partition`
  };
  transaction_manager(loop& on, site& around, resource_manager& here, outcome_table& outcomes, const settings& how);
  /// Of the run, before the first attempt.
  void set_epoch(std::uint32_t epoch) noexcept { how_.epoch = epoch; }

  /// A new attempt; `age` is that of the attempt before, if there was one.
  attempt& begin(std::optional<lock_age> age = {});
  /// The user has no more to do with it.
  void let_go(attempt& of);

  /// Locks keys of one rank and reads them.
  future<attempt::answer> read(attempt& of, int rank, std::vector<std::string> keys, lock_mode mode);
  /// Locks the oldest free item of a queue on one rank: its key and its value, or nothing.
  future<attempt::answer> take(attempt& of, int rank, std::string prefix);
  /// A function to run at the data: with the commit, or before if its answer is wanted. Returns its place in `calls`.
  std::uint32_t add_call(attempt& of, call&& what);
  /// Ready when the function has run, or the attempt is doomed. Sends what is to run on the same rank as well.
  future<void> run_call(attempt& of, std::uint32_t place);
  /// To the end: committed, or aborted because of others. Once. Fails with `remote_error` if a function threw.
  future<transaction_outcome> commit(attempt& of);
  void abort(attempt& of);
  /// The time for it is over. Nothing happens if it is too late to abort.
  void on_deadline(attempt& of);
  /// From `end` on that is so.
  void limit(attempt& of, time_point end);
  /// Ends those whose time is over, outside the loop's timers. Returns whether there were any.
  bool end_late();

  void on_message(int from, wire&& message);
  void on_durable(const transaction_id& id, record_kind what);

  /// All attempts below are over everywhere.
  std::uint64_t finished() const noexcept { return attempts_.first(); }
  age_clock& clock() noexcept { return clock_; }
  const age_clock& clock() const noexcept { return clock_; }
  /// As `resource_manager::for_each_needed`.
  template <class Visit>
  void for_each_needed(Visit&& visit) const {
    for (const std::unique_ptr<attempt>& of : attempts_.all()) {
      if (of == nullptr) continue;
      const auto state = of->core.now();
      if (state == coordinator::state::forcing_commit) {
        WEFT_REACHED("txn.decision_in_a_snapshot");
        visit(decision(*of, record_kind::committed), writes_here(*of));
      } else if (state == coordinator::state::committing && how_.rule == decision_rule::explicit_record) {
        record head = decision(*of, record_kind::committed);
        head.is_applied = true;
        visit(head, nullptr);
      } else if (state == coordinator::state::forcing_abort || state == coordinator::state::aborting) {
        visit(decision(*of, record_kind::aborted), nullptr);
      }
    }
  }
  int owner(std::string_view key) const noexcept {
    if (how_.placed_by != 0 && kind_of(key, how_.key_bytes) == key_kind::user) key = key.substr(0, how_.placed_by);
    return owner_of(slot_of(key), how_.ranks);
  }
  std::size_t open() const noexcept { return attempts_.size(); }
  const settings& how() const noexcept { return how_; }

 private:
  friend struct attempt_timer;
  future<attempt::answer> ask_for_values(attempt& of, int rank, wire&& request);
  void ask(attempt& of, int rank, wire&& request);
  static bool is_going_on(const attempt& of) noexcept {
    return !of.is_doomed && of.core.now() == coordinator::state::idle;
  }
  void take_calls(attempt& of, int rank, wire& into);
  attempt* find(const transaction_id& id);
  void on_answer(attempt& of, wire&& message);
  void on_answers(attempt& of, wire&& message);
  void doom(attempt& of);
  void start_commit(attempt& of);
  entries writes_of(const attempt& of, int rank) const;
  bool has_voters_elsewhere(const attempt& of) const;
  bool wrote_elsewhere(const attempt& of) const;
  bool wrote_on(const attempt& of, int rank) const;
  void act(attempt& of, effects& what);
  void tell_aborted(attempt& of);
  static bool may_commit(attempt& of);
  void send(attempt& of, const outgoing& what);
  void append(const attempt& of, const effects& what);
  record decision(const attempt& of, record_kind what) const;
  const entries* writes_here(const attempt& of) const { return of.wrote_here ? here_.writes_of(of.id) : nullptr; }
  void drop_if_over(attempt& of);

  loop& on_;
  site& around_;
  resource_manager& here_;
  outcome_table& outcomes_;
  settings how_;
  age_clock clock_;
  attempt_window attempts_;
  std::vector<std::uint64_t> late_;
  std::uint32_t last_ticket_ = 0;
};

}  // namespace weft::txn
