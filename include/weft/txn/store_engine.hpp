// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/async/future.hpp>
#include <weft/async/task.hpp>
#include <weft/port/context.hpp>
#include <weft/txn/attempt.hpp>
#include <weft/txn/entries.hpp>
#include <weft/txn/lock_table.hpp>
#include <weft/txn/options.hpp>
#include <weft/txn/outcome.hpp>
#include <weft/txn/partition.hpp>
#include <weft/txn/user_participant.hpp>

namespace weft::txn {

struct store_stats {
  std::uint64_t committed = 0;      ///< begun on this rank
  std::uint64_t attempts = 0;       ///< that it took
  std::uint64_t messages = 0;       ///< to other ranks
  std::uint64_t forces = 0;         ///< of the journal
  std::size_t found_committed = 0;  ///< at the start: in doubt, and committed then
  std::size_t found_aborted = 0;
};

class store_body;

/// A store without its types, and without what users' programs need not compile.
class store_engine {
 public:
  /// Collective in order, as a port is. `key_bytes` as for `partition`.
  store_engine(context& ctx, const store_options& options, std::size_t key_bytes);
  ~store_engine();
  store_engine(const store_engine&) = delete;
  store_engine& operator=(const store_engine&) = delete;

  /// Collective, if something is kept: reads what earlier runs left, decides what was in doubt, deals the keys anew.
  task<> open();
  task<> close();
  void enlist(weft::participant& one);
  void load(std::string key, std::string value);
  /// Ready when what was loaded here is durable.
  future<void> flush_loaded();
  /// Collective: each rank brings any keys, each key comes to its owner.
  task<> load_all(entries all);
  /// Collective: from its end to the end of `go_on` nothing changes on any rank. Waits for what is under way.
  task<> hold_still();
  task<> go_on();
  bool is_still() const noexcept;
  /// Ready when it does not hold still any more.
  future<void> admission();
  /// Collective: keys on all ranks.
  future<std::size_t> size();

  attempt& begin(std::optional<lock_age> age = {});
  void let_go(attempt& of);
  /// Ends it at the time `end`, if it is not too late to abort then.
  void limit(attempt& of, time_point end);
  future<attempt::answer> read(attempt& of, int rank, std::vector<std::string> keys, lock_mode mode);
  future<attempt::answer> take(attempt& of, int rank, std::string prefix);
  std::string new_item_key(const std::string& prefix, int rank);
  std::uint32_t add_call(attempt& of, call&& what);
  future<void> run_call(attempt& of, std::uint32_t place);
  future<transaction_outcome> commit(attempt& of);
  void abort(attempt& of);
  /// Before an attempt after the first one, so that the others get on; at most until `end`.
  future<void> back_off(int attempts, time_point end);
  void count_commit() noexcept;

  time_point time() const noexcept;
  int owner(const std::string& key) const noexcept;
  int rank() const noexcept;
  int ranks() const noexcept;
  std::size_t key_bytes() const noexcept;
  const partition& data() const noexcept;
  std::optional<transaction_outcome> outcome_of(const transaction_id& id) const;
  transaction_moment now() const noexcept;
  /// Drops the names kept here that committed before, and the outcomes of earlier runs.
  task<std::size_t> forget_before(transaction_moment when);
  store_stats stats() const noexcept;
  /// Transactions that are known here, as a coordinator or a participant.
  std::size_t under_way() const noexcept;
  std::size_t locked_keys() const noexcept;

 private:
  std::unique_ptr<store_body> body_;
};

}  // namespace weft::txn
