// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <weft/async/task.hpp>
#include <weft/async/timer_queue.hpp>
#include <weft/core/random.hpp>
#include <weft/port/context.hpp>
#include <weft/port/port.hpp>
#include <weft/txn/options.hpp>
#include <weft/txn/partition.hpp>
#include <weft/txn/resource_manager.hpp>
#include <weft/txn/site.hpp>
#include <weft/txn/store_engine.hpp>
#include <weft/txn/store_log.hpp>
#include <weft/txn/transaction_manager.hpp>

namespace weft::txn {

/// One rank's partition of a store, and the managers that run transactions over it; `store_engine` says what its
/// functions do.
class store_body final : site, store_log_owner, loop_source {
 public:
  /// Collective in order, as a port is.
  store_body(context& ctx, const store_options& options, std::size_t key_bytes);
  ~store_body() override;
  store_body(const store_body&) = delete;
  store_body& operator=(const store_body&) = delete;

  /// Collective, if something is kept: reads what earlier runs left, decides what was in doubt, deals the keys anew.
  task<> open();
  /// Collective: everything is over and durable.
  task<> close();
  void enlist(weft::participant& one) { beside_.add(one); }
  void load(std::string key, std::string value);
  /// Ready when what was loaded here is durable.
  future<void> flush_loaded();
  /// Collective: each rank brings any keys, each key comes to its owner.
  task<> load_all(entries all);
  /// Collective: from its end to `go_on` nothing changes on any rank. Waits for what is under way.
  task<> hold_still();
  task<> go_on();
  future<std::size_t> size();
  bool is_still() const noexcept { return is_still_; }
  /// Ready when it does not hold still any more.
  future<void> admission();

  attempt& begin(std::optional<lock_age> age = {});
  void let_go(attempt& of);
  future<attempt::answer> read(attempt& of, int rank, std::vector<std::string> keys, lock_mode mode);
  std::uint32_t add_call(attempt& of, call&& what) { return transactions_.add_call(of, std::move(what)); }
  future<void> run_call(attempt& of, std::uint32_t place);
  future<attempt::answer> take(attempt& of, int rank, std::string prefix);
  std::string new_item_key(const std::string& prefix, int rank);
  future<transaction_outcome> commit(attempt& of);
  void abort(attempt& of);
  void limit(attempt& of, time_point end) { transactions_.limit(of, end); }
  /// Before an attempt after the first one, so that the others get on.
  future<void> back_off(int attempts, time_point end);

  int owner(const std::string& key) const noexcept { return transactions_.owner(key); }
  int rank() const noexcept { return ctx_.rank(); }
  int ranks() const noexcept { return ctx_.size(); }
  std::size_t key_bytes() const noexcept { return transactions_.how().key_bytes; }
  time_point time() const noexcept { return ctx_.loop().now(); }
  const partition& data() const noexcept { return data_; }
  std::optional<transaction_outcome> outcome_of(const transaction_id& id) const { return outcomes_.find(id); }
  transaction_moment now() const noexcept { return {transactions_.how().epoch, transactions_.clock().counter()}; }
  /// Drops the names kept here that committed before, and the outcomes of earlier runs.
  task<std::size_t> forget_before(transaction_moment when);
  store_stats stats() const noexcept {
    store_stats all = stats_;
    all.forces = log_ ? log_->forces() : 0;
    return all;
  }
  void count_commit() noexcept { ++stats_.committed; }
  /// Transactions that are known here, as a coordinator or a participant.
  std::size_t under_way() const noexcept { return transactions_.open() + resources_.open(); }
  std::size_t locked_keys() const noexcept { return resources_.locks().locked_keys(); }

 private:
  future<void> append_cells(const entries& cells);
  struct settled {
    transaction_id id;
    record_kind kind;
    bool of_coordinator;
  };

  struct patience_timer final : timer_node {
    store_body* of = nullptr;
  };

  bool poll() override;
  void on_durable(const transaction_id& id, record_kind what, bool of_coordinator) override;
  void write_snapshot(journal& to) override;
  bool may_compact() override;
  void send(int rank, wire&& message) override;
  void append(const record& head, const entries* redo, bool is_urgent, bool of_coordinator) override;
  void handle_pending() override { pump(); }
  void require_same_keys(const replay& past) const;
  task<> recover_works(replay& past);
  task<> run_checkpoint();
  void dispatch(int from, wire&& message);
  void pump();
  void pump_once();

  context& ctx_;
  duration patience_;
  partition data_;
  outcome_table outcomes_;
  std::vector<heuristic_decision> heuristics_;  ///< found at the start, to be kept
  std::unique_ptr<store_log> log_;
  participants beside_;
  resource_manager resources_;
  transaction_manager transactions_;
  random_source random_;
  std::deque<wire> own_;  ///< messages from this rank to itself
  std::deque<settled> durable_;
  store_stats stats_;
  entries loaded_;  ///< and not in the journal yet
  std::deque<promise<void>> flushing_;
  std::deque<promise<void>> held_;
  std::uint64_t last_item_ = 0;
  bool is_still_ = false;
  bool is_checkpointing_ = false;
  bool has_checkpoint_ = false;  ///< since the last snapshot
  bool is_open_ = false;
  bool pumping_ = false;
  bool is_time_up_ = false;  ///< for those that wait for locks
  patience_timer timer_;
  port<wire> port_;
};

}  // namespace weft::txn
