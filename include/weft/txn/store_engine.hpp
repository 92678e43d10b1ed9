// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <weft/async/timer_queue.hpp>
#include <weft/core/random.hpp>
#include <weft/port/context.hpp>
#include <weft/port/port.hpp>
#include <weft/txn/options.hpp>
#include <weft/txn/partition.hpp>
#include <weft/txn/resource_manager.hpp>
#include <weft/txn/site.hpp>
#include <weft/txn/store_log.hpp>
#include <weft/txn/transaction_manager.hpp>

namespace weft::txn {

struct store_stats {
  std::uint64_t committed = 0;      ///< begun on this rank
  std::uint64_t attempts = 0;       ///< that it took
  std::uint64_t messages = 0;       ///< to other ranks
  std::uint64_t forces = 0;         ///< of the journal
  std::size_t found_committed = 0;  ///< at the start: in doubt, and committed then
  std::size_t found_aborted = 0;
};

/// A store without its types: one rank's partition, and the managers that run transactions over it.
class store_engine final : site, store_log_owner, loop_source {
 public:
  /// Collective in order, as a port is.
  store_engine(context& ctx, const store_options& options);
  ~store_engine() override;
  store_engine(const store_engine&) = delete;
  store_engine& operator=(const store_engine&) = delete;

  /// Collective, if something is kept: reads what earlier runs left, decides what was in doubt, deals the keys anew.
  task<> open();
  void load(std::string key, std::string value);
  /// Ready when what was loaded here is durable.
  future<void> flush_loaded();

  attempt& begin(std::optional<lock_age> age = {});
  void let_go(attempt& of);
  future<attempt::answer> read(attempt& of, int rank, std::vector<std::string> keys, lock_mode mode);
  std::uint32_t add_call(attempt& of, call&& what) { return transactions_.add_call(of, std::move(what)); }
  future<void> run_call(attempt& of, std::uint32_t place);
  future<transaction_outcome> commit(attempt& of);
  void abort(attempt& of);
  /// Before an attempt after the first one, so that the others get on.
  future<void> back_off(int attempts);

  int owner(const std::string& key) const noexcept { return transactions_.owner(key); }
  int rank() const noexcept { return ctx_.rank(); }
  partition& data() noexcept { return data_; }
  bool has_committed(const transaction_id& id) const noexcept;
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
  struct settled {
    transaction_id id;
    record_kind kind;
    bool of_coordinator;
  };

  struct patience_timer final : timer_node {
    store_engine* of = nullptr;
  };

  bool poll() override;
  void on_durable(const transaction_id& id, record_kind what, bool of_coordinator) override;
  void write_snapshot(journal& to) override;
  void send(int rank, wire&& message) override;
  void append(const record& head, const entries* redo, bool is_urgent, bool of_coordinator) override;
  void dispatch(int from, wire&& message);
  void pump();
  void pump_once();

  context& ctx_;
  duration patience_;
  partition data_;
  outcome_table outcomes_;
  std::unique_ptr<store_log> log_;
  resource_manager resources_;
  transaction_manager transactions_;
  random_source random_;
  std::deque<wire> own_;  ///< messages from this rank to itself
  std::deque<settled> durable_;
  store_stats stats_;
  entries loaded_;  ///< and not in the journal yet
  std::deque<promise<void>> flushing_;
  bool is_open_ = false;
  bool pumping_ = false;
  bool is_time_up_ = false;  ///< for those that wait for locks
  patience_timer timer_;
  port<wire> port_;
};

}  // namespace weft::txn
